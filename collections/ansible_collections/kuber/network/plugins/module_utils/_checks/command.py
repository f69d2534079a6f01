# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check the output of a command on the task's host."""

from __future__ import annotations

import dataclasses
import re
import shlex
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net.programs import NOT_FOUND, borrowed, by_hand
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, Probe, excerpt, shortened

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner


@dataclasses.dataclass(frozen=True)
class CommandProbe(Probe):
    runner: Runner
    argv: tuple[str, ...]
    rc: tuple[int, ...] = (0,)
    matches: tuple[str, ...] = ()
    not_matches: tuple[str, ...] = ()
    show: str = ""
    borrow: bool = False
    """Whether the program may come from the container of kube-proxy."""

    @property
    def serial(self) -> bool:
        return True

    @classmethod
    def load(cls, options: dict[str, t.Any], runner: Runner) -> CommandProbe:
        return cls(
            runner=runner,
            argv=tuple(options["argv"]),
            rc=tuple(options["rc"]),
            matches=tuple(options["matches"]),
            not_matches=tuple(options["not_matches"]),
            show=options["show"],
            borrow=options["borrow"],
        )

    @property
    def asked(self) -> str:
        return by_hand(self.argv) if self.borrow else shlex.join(self.argv)

    @property
    def wanted(self) -> str:
        parts = [f"exit code {' or '.join(str(code) for code in self.rc)}"] if self.rc != (0,) else []
        parts += [f"/{pattern}/" for pattern in self.matches]
        parts += [f"no /{pattern}/" for pattern in self.not_matches]
        return ", ".join(parts) or "success"

    def attempt(self) -> Outcome:
        result = self.runner.run(borrowed(self.argv) if self.borrow else self.argv, check=False)
        output = result.stdout
        if self.borrow and result.rc == NOT_FOUND:
            return Outcome.not_checked(shortened(result.stderr, 120))
        if result.rc not in self.rc:
            why = shortened(result.stderr or output, 120)
            return Outcome(False, f"exit code {result.rc}{', ' + why if why else ''}")
        for pattern in self.matches:
            if re.search(pattern, output, re.MULTILINE) is None:
                return Outcome(False, f"no /{pattern}/ in {shortened(output, 40) or 'empty output'}")
        for pattern in self.not_matches:
            unwanted = re.findall(pattern, output, re.MULTILINE)
            if unwanted:
                return Outcome(False, f"{len(unwanted)} found: {shortened(', '.join(map(_text, unwanted)), 48)}")
        return Outcome(True, self._shown(output))

    def _shown(self, output: str) -> str:
        if self.show:
            found = re.findall(self.show, output, re.MULTILINE)
            return shortened(", ".join(map(_text, found)), 48) or "nothing"
        if self.not_matches and not self.matches:
            return "none"
        return excerpt(output) or "as wanted"


def _text(match: str | tuple[str, ...]) -> str:
    return match if isinstance(match, str) else " ".join(match)
