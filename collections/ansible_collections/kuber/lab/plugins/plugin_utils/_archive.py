# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""A directory as one archive, and back.

An archive holds directories, regular files and relative symbolic links that stay inside. The check is our own, because
Python 3.11.2, that of Debian 12, has no extraction filters yet; where tarfile has its data filter, that one checks too.
"""

from __future__ import annotations

import lzma
import pathlib
import stat
import tarfile
import time
import typing as t

# Compiled programs shrink to a fifth. Preset 3 takes three times as long to save another 3 % of that.
PRESET: t.Literal[1] = 1
FILTER: dict[str, t.Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


class ArchiveError(Exception):
    """Why a directory cannot be packed, or an archive cannot be unpacked: the end of a sentence."""


class Guard:
    """Looks at the members of one archive in their order, and raises for the first that could reach outside."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._seen: dict[str, bool] = {}

    def check(self, member: tarfile.TarInfo) -> None:
        parts = member.name.split("/")
        self._check_name(member.name, parts)
        if member.issym():
            self._check_link(member, depth=len(parts) - 1)
        elif not member.isreg() and not member.isdir():
            raise ArchiveError(f"it holds {member.name}, which is not a file, a directory or a symbolic link")
        self._left -= member.size
        if member.size < 0 or self._left < 0:
            raise ArchiveError(f"it holds more than the index says, from {member.name} on")
        self._seen[member.name] = member.issym()

    def _check_name(self, name: str, parts: list[str]) -> None:
        if not name or any(part in {"", ".", ".."} for part in parts):
            raise ArchiveError(f"it holds {name!r}, which is not a plain relative path")
        if name in self._seen:
            raise ArchiveError(f"it holds {name} twice")
        for depth in range(1, len(parts)):
            if self._seen.get("/".join(parts[:depth])):
                raise ArchiveError(f"it holds {name}, whose directory is a symbolic link")

    @staticmethod
    def _check_link(member: tarfile.TarInfo, depth: int) -> None:
        """Steps up come first, and are no more than there are real directories above the link."""
        steps = member.linkname.split("/")
        up = next((number for number, step in enumerate(steps) if step != ".."), len(steps))
        if up > depth or any(step in {"", ".", ".."} for step in steps[up:]):
            raise ArchiveError(f"it holds the symbolic link {member.name} to {member.linkname}, which may lead outside")


def pack(directory: pathlib.Path, archive: pathlib.Path) -> int:
    """Write the archive, the same for the same content, and return the bytes that its files have unpacked."""
    total = 0
    guard = Guard(limit=1 << 62)
    with tarfile.open(archive, "w:xz", preset=PRESET, format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(directory.rglob("*")):
            member = _member(path, directory)
            guard.check(member)
            total += member.size
            if member.isreg():
                with path.open("rb") as content:
                    tar.addfile(member, content)
            else:
                tar.addfile(member)
    return total


def _member(path: pathlib.Path, root: pathlib.Path) -> tarfile.TarInfo:
    """Neither owner nor time: an archive tells nothing about the machine on which it was written."""
    state = path.lstat()
    member = tarfile.TarInfo(str(path.relative_to(root)))
    member.mode = 0o755 if state.st_mode & 0o100 else 0o644
    if stat.S_ISLNK(state.st_mode):
        member.type, member.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif stat.S_ISDIR(state.st_mode):
        member.type = tarfile.DIRTYPE
    elif stat.S_ISREG(state.st_mode):
        member.size = state.st_size
    else:
        member.type = tarfile.CHRTYPE
    return member


def unpack(archive: pathlib.Path, directory: pathlib.Path, limit: int) -> None:
    """Fill a new directory with what the archive holds, at most ``limit`` bytes; what fails leaves it half filled."""
    directory.mkdir()
    guard = Guard(limit)
    try:
        with tarfile.open(archive, "r:xz") as tar:
            for member in tar:
                guard.check(member)
                member.uid = member.gid = 0
                member.uname = member.gname = ""
                member.mtime = time.time()
                member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
                tar.extract(member, directory, **FILTER)
    except (tarfile.TarError, lzma.LZMAError, EOFError, OSError, ValueError) as exc:
        raise ArchiveError(f"it cannot be unpacked ({exc})") from exc
