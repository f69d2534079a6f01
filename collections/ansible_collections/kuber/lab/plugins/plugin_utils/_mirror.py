# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Fetches finished parts from a mirror. Nothing is read or unpacked before its checksum has matched."""

from __future__ import annotations

import hashlib
import io
import pathlib
import platform
import threading
import typing as t

from ansible_collections.kuber.lab.plugins.plugin_utils._archive import ArchiveError, unpack
from ansible_collections.kuber.lab.plugins.plugin_utils._index import (
    INDEX,
    Address,
    Index,
    Part,
    digest_of,
    numbers_of,
    this_libc,
)
from ansible_collections.kuber.lab.plugins.plugin_utils._transfer import Refused, Transfer

INDEX_LIMIT = 1 << 20
INDEX_SECONDS = 60


class Mirror:
    """Its index is fetched once; when that cannot be used, each part is refused for the same reason."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._index: Index | Refused | None = None

    def part(self, key: str) -> Part:
        """The part of a key, if it is there and runs on this machine."""
        with self._lock:
            if self._index is None:
                self._index = self._read_index()
        if isinstance(self._index, Refused):
            raise self._index
        found = self._index.parts.get(key)
        if found is None:
            raise Refused(self._absence(self._index, key))
        self._check_machine(found)
        return found

    def fetch(self, part: Part, scratch: pathlib.Path, seconds: float, tick: t.Callable[[int], None]) -> pathlib.Path:
        """The unpacked part, in a directory inside of ``scratch``."""
        archive, directory = scratch / "archive", scratch / "unpacked"
        with archive.open("wb") as stream:
            self._transfer(part.file, part.size, seconds, exactly=True, tick=tick).copy_to(stream)
        if (found := digest_of(archive)) != part.sha256:
            raise self._refusal(part.file, f"is damaged: its SHA-256 is {found}, and the index says {part.sha256}")
        try:
            unpack(archive, directory, part.unpacked)
        except ArchiveError as exc:
            raise self._refusal(part.file, f"is refused: {exc}") from exc
        archive.unlink()
        return directory

    def _transfer(self, file: str, limit: int, seconds: float, **more: t.Any) -> Transfer:
        return Transfer(self._address.of(file), limit, seconds, **more)

    def _refusal(self, file: str, reason: str) -> Refused:
        return Refused(f"{self._address.of(file)} {reason}")

    def _absence(self, index: Index, key: str) -> str:
        stage = key.rpartition("-")[0]
        others = [f"{part.key} of version {part.version}" for part in index.parts.values() if part.stage == stage]
        return f"{self._address} has no {key}, only {', '.join(others)}" if others else f"{self._address} has no {key}"

    def _check_machine(self, part: Part) -> None:
        if part.machine != platform.machine():
            raise self._refusal(part.file, f"was built for {part.machine}, and this machine is {platform.machine()}")
        if numbers_of(part.libc) > numbers_of(this_libc()):
            here = this_libc() or "another C library"
            raise self._refusal(part.file, f"was built with glibc {part.libc}, and this machine has {here}")

    def _read_index(self) -> Index | Refused:
        stream = io.BytesIO()
        try:
            self._transfer(INDEX, INDEX_LIMIT, INDEX_SECONDS).copy_to(stream)
        except Refused as exc:
            return exc
        found, wanted = hashlib.sha256(stream.getvalue()).hexdigest(), self._address.sha256
        if found != wanted:
            return self._refusal(INDEX, f"is not that of the address: its SHA-256 is {found}, expected was {wanted}")
        try:
            return Index.parse(stream.getvalue())
        except ValueError as exc:
            return self._refusal(INDEX, f"cannot be used: {exc}")
