# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Copies files of a mirror, which is a directory or a web address, within a size and a time."""

from __future__ import annotations

import dataclasses
import http.client
import pathlib
import time
import typing as t
import urllib.error

from ansible.module_utils.urls import open_url

CHUNK = 1 << 18
TRIES = 3
PAUSE_SECONDS = 1.0
# For a connection, and for each answer to a read.
TIMEOUT_SECONDS = 15


class Refused(Exception):
    """Why something of a mirror is not used: a sentence without its full stop."""


class _Unreachable(Exception):
    """What kept a file from arriving; another try may help."""


def _never_mind(_received: int) -> None:
    """Nobody is waiting for news of a small file."""


@dataclasses.dataclass(frozen=True)
class Transfer:
    """One file: where it is, how much it may be (or must be), and how long it may take."""

    location: str
    limit: int
    seconds: float
    exactly: bool = False
    tick: t.Callable[[int], None] = _never_mind
    """Called often with the number of bytes that have arrived; it may raise."""

    def refusal(self, reason: str) -> Refused:
        return Refused(f"{self.location} {reason}")

    def copy_to(self, stream: t.BinaryIO) -> None:
        """Copy the file, from its beginning again when the connection breaks."""
        until = time.monotonic() + self.seconds
        for left in reversed(range(TRIES if self._is_remote else 1)):
            try:
                return self._copy(stream, until)
            except _Unreachable as exc:
                if not left or time.monotonic() + PAUSE_SECONDS > until:
                    raise self.refusal(f"cannot be read: {exc}") from exc
            time.sleep(PAUSE_SECONDS)
            stream.seek(0)
            stream.truncate()
        raise AssertionError("unreachable")

    @property
    def _is_remote(self) -> bool:
        return "://" in self.location

    def _copy(self, stream: t.BinaryIO, until: float) -> None:
        try:
            with self._open() as source:
                # Each read returns what has arrived, so that the clock is looked at however slowly that is.
                while chunk := source.read1(CHUNK):
                    stream.write(chunk)
                    self._check(stream.tell(), until)
        except urllib.error.HTTPError as exc:
            if exc.code < 500:
                raise self.refusal(f"cannot be read: HTTP status {exc.code} {exc.reason}") from exc
            raise _Unreachable(f"HTTP status {exc.code} {exc.reason}") from exc
        except (OSError, http.client.HTTPException, ValueError) as exc:
            raise _Unreachable(str(getattr(exc, "reason", exc)) or type(exc).__name__) from exc
        if self.exactly and stream.tell() < self.limit:
            raise _Unreachable(f"it ends after {stream.tell()} of {self.limit} bytes")

    def _check(self, received: int, until: float) -> None:
        if received > self.limit:
            raise self.refusal(f"is longer than the {self.limit} bytes that are expected")
        if time.monotonic() > until:
            raise self.refusal(f"has not arrived after {self.seconds:.0f} s")
        self.tick(received)

    def _open(self) -> t.Any:
        if self._is_remote:
            return open_url(self.location, timeout=TIMEOUT_SECONDS, http_agent="kuber.lab")
        path = pathlib.Path(self.location)
        if path.exists() and not path.is_file():
            raise OSError("it is not a regular file")
        return path.open("rb")
