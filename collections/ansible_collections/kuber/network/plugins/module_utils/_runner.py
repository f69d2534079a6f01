# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The interface for running commands, on whatever machine."""

from __future__ import annotations

import abc
import dataclasses
import shlex
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:
    from collections.abc import Sequence  # pragma: no cover


@dataclasses.dataclass(frozen=True)
class Result:
    """The result of a finished command."""

    argv: tuple[str, ...]
    rc: int
    stdout: str
    stderr: str


class CommandError(KuberError):
    """A command that had to succeed failed."""

    def __init__(self, result: Result) -> None:
        self.result = result
        output = (result.stderr or result.stdout).strip()
        super().__init__(
            f"Command `{shlex.join(result.argv)}` failed",
            wanted="exit code 0",
            found=f"exit code {result.rc}, {output or 'no output'}",
        )


class Runner(abc.ABC):
    """Runs commands on one machine."""

    has_shell: bool = True
    """Whether there is a program ``sh``; containers need not have one."""

    @abc.abstractmethod
    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        """Run one command to its end; do not raise for its exit code."""

    def run(self, argv: Sequence[str], *, stdin: str | None = None, check: bool = True) -> Result:
        """Run ``argv`` with ``stdin``; raise ``CommandError`` on a non-zero exit code unless ``check`` is false."""
        result = self._run(tuple(argv), stdin)
        if check and result.rc != 0:
            raise CommandError(result)
        return result
