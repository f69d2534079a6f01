# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Writes finished parts into a directory that others use as a mirror. What is whole in there already stays."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import platform
import time
import typing as t

from ansible_collections.kuber.lab.plugins.plugin_utils._archive import pack
from ansible_collections.kuber.lab.plugins.plugin_utils._index import INDEX, KEY, Index, Part, digest_of, this_libc

SUFFIX = ".tar.xz"
LANES = 2


class ExportError(Exception):
    """Why parts cannot be exported: the end of a sentence."""


@dataclasses.dataclass(frozen=True)
class Exported:
    """What is in the directory now, and which parts had to be written for it."""

    index: Index
    written: tuple[str, ...]

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.index.content()).hexdigest()


def kept(directory: pathlib.Path) -> Index:
    """What an earlier export has left there whole, parts of other versions included."""
    path = directory / INDEX
    try:
        found = Index.parse(path.read_bytes())
    except FileNotFoundError:
        return Index({})
    except (OSError, ValueError) as exc:
        raise ExportError(f"{path} is not an index that this version can read ({exc}); name another directory") from exc
    return Index({key: part for key, part in found.parts.items() if _is_whole(directory, part)})


def refuse_nonsense(directory: pathlib.Path, parts: t.Sequence[pathlib.Path]) -> None:
    if not directory.is_absolute():
        raise ExportError("it must be an absolute path")
    if not parts:
        raise ExportError("there are no parts to write")
    for part in parts:
        if not part.is_dir():
            raise ExportError(f"{part} is not a directory; build it first")
        if not KEY.fullmatch(part.name):
            raise ExportError(f"{part} does not have the name of a stage's result, such as kernel-0123456789ab")


def missing(index: Index, parts: t.Iterable[pathlib.Path]) -> list[pathlib.Path]:
    return [part for part in parts if part.name not in index.parts]


def export(directory: pathlib.Path, parts: t.Sequence[pathlib.Path], version: str) -> Exported:
    """Write the archives that are missing, and the index last: it never names what is not there."""
    directory.mkdir(parents=True, exist_ok=True)
    index = kept(directory)
    new = missing(index, parts)
    with concurrent.futures.ThreadPoolExecutor(LANES) as lanes:
        written = list(lanes.map(lambda part: _write(directory, part, version), new))
    index = Index({**index.parts, **{part.key: part for part in written}})
    _replace(directory / INDEX, index.content())
    return Exported(index, tuple(part.key for part in written))


def _is_whole(directory: pathlib.Path, part: Part) -> bool:
    path = directory / part.file
    return path.is_file() and path.stat().st_size == part.size and digest_of(path) == part.sha256


def _write(directory: pathlib.Path, source: pathlib.Path, version: str) -> Part:
    file = source.name + SUFFIX
    partial = directory / f"{file}.partial"
    unpacked = pack(source, partial)
    part = Part(
        key=source.name,
        file=file,
        size=partial.stat().st_size,
        sha256=digest_of(partial),
        unpacked=unpacked,
        exported=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        version=version,
        machine=platform.machine(),
        libc=this_libc(),
    )
    partial.chmod(0o644)
    partial.rename(directory / file)
    return part


def _replace(path: pathlib.Path, content: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(content)
    partial.chmod(0o644)
    os.replace(partial, path)
