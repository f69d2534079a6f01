# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What a mirror of finished parts says about itself: its address, and the index of its parts.

The address carries the checksum of the index, the index carries those of the archives.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import re
import typing as t
import urllib.parse
import urllib.request

VARIABLE = "KUBER_LAB_MIRROR"
INDEX = "index.json"
FORMAT = 1
CHUNK = 1 << 18
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
KEY = re.compile(r"[a-z][a-z0-9_-]*-[0-9a-f]{12}")


class AddressError(Exception):
    """The address of a mirror is not one: a sentence."""


@dataclasses.dataclass(frozen=True)
class Address:
    """Where a mirror is, and which index it must have."""

    base: str
    sha256: str

    @classmethod
    def parse(cls, text: str) -> Address:
        base, mark, checksum = text.strip().rpartition("#")
        digest = checksum.removeprefix("sha256=")
        if not mark or not checksum.startswith("sha256=") or not _SHA256.fullmatch(digest):
            raise AddressError(
                f"The address of the mirror ({VARIABLE}) must end with #sha256= and the 64 digits (0-9a-f) of its "
                "index's checksum, as make lab-export prints it."
            )
        return cls(_location(base), digest)

    def of(self, file: str) -> str:
        return f"{self.base.rstrip('/')}/{file}"

    def __str__(self) -> str:
        return self.base


def _location(base: str) -> str:
    """A web address as it is, and the path of a directory, which ``file://`` may precede."""
    scheme, mark, _rest = base.partition("://")
    if not mark:
        path = os.path.expanduser(base)
    else:
        split = _split(base)
        if split and scheme in {"http", "https"} and split.hostname and "@" not in split.netloc and not split.query:
            return base
        if not split or scheme != "file" or split.netloc not in {"", "localhost"}:
            raise AddressError(
                f"The address of the mirror ({VARIABLE}) must be a directory, file:///DIRECTORY, or a web address "
                "(http:// or https://) with a host and without user or query."
            )
        path = urllib.request.url2pathname(split.path)
    if not os.path.isabs(path):
        raise AddressError(f"The directory of the mirror ({VARIABLE}) must be an absolute path, and it is {base!r}.")
    return path


def _split(url: str) -> urllib.parse.SplitResult | None:
    try:
        return urllib.parse.urlsplit(url)
    except ValueError:
        return None


@dataclasses.dataclass(frozen=True)
class Part:
    """One line of the index."""

    key: str
    file: str
    size: int
    sha256: str
    unpacked: int
    exported: str
    version: str
    machine: str
    libc: str

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            wanted = int if field.name in {"size", "unpacked"} else str
            value = getattr(self, field.name)
            if not isinstance(value, wanted) or isinstance(value, bool):
                raise ValueError(f"{field.name} is not a value of type {wanted.__name__}")
        is_named_well = KEY.fullmatch(self.key) and _FILE.fullmatch(self.file) and _SHA256.fullmatch(self.sha256)
        if not is_named_well or min(self.size, self.unpacked) < 0:
            raise ValueError(f"a size, the key, the file's name or the checksum of {self.key!r} is malformed")

    @property
    def stage(self) -> str:
        return self.key.rpartition("-")[0]


@dataclasses.dataclass(frozen=True)
class Index:
    """All parts of a mirror by their keys."""

    parts: t.Mapping[str, Part]

    @classmethod
    def parse(cls, content: bytes) -> Index:
        """Raises ValueError with a reason."""
        data = json.loads(content)
        if not isinstance(data, dict) or not isinstance(data.get("parts"), list):
            raise ValueError("it is not an index of parts")
        if data.get("format") != FORMAT:
            raise ValueError(f"its format is {data.get('format')!r}, and this version reads format {FORMAT}")
        try:
            parts = [Part(**one) for one in data["parts"]]
        except TypeError as exc:
            raise ValueError("a part does not have exactly the fields of format 1") from exc
        return cls({part.key: part for part in parts})

    def content(self) -> bytes:
        parts = [dataclasses.asdict(part) for _key, part in sorted(self.parts.items())]
        return (json.dumps({"format": FORMAT, "parts": parts}, indent=2) + "\n").encode()


def this_libc() -> str:
    """The version of the C library, such as 2.36, and "" where it is not glibc."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").removeprefix("glibc ")
    except (ValueError, OSError):
        return ""


def numbers_of(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"[0-9]+", version))


def digest_of(path: pathlib.Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(functools.partial(stream.read, CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()
