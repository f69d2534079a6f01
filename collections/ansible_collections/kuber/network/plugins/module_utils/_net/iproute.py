# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Run ``ip`` of iproute2 for reading, and return its JSON output."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.local import COMMAND_NOT_FOUND
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

    Item = dict[str, t.Any]

OPTION_REFUSED = re.compile(
    r"BusyBox|^usage:|unrecognized option|(unknown|invalid) option|is unknown, try", re.I | re.M
)
# A table that never had a route, and kernels without policy routing.
NOTHING = ("FIB table does not exist", "Operation not supported", "Address family not supported")


class IpRoute:
    """The reading part of the command ``ip``."""

    def __init__(self, runner: Runner, version: int) -> None:
        self._runner = runner
        self.argv = ("ip", f"-{version}")

    def ask(self, *words: str) -> list[Item]:
        """Return the objects that ``ip`` prints; raise if it prints none."""
        details = ["-d"] if words[0] == "route" else []
        answer = self._runner.run([*self.argv, *details, "-j", *words], check=False)
        if any(text in answer.stderr for text in NOTHING):
            return []
        found = _objects(answer)
        if answer.rc != 0:
            raise CommandError(answer)
        return found

    def get(self, address: str, *words: str) -> tuple[list[Item], str]:
        """Return how the kernel routes an address, or why it has no route."""
        answer = self._runner.run([*self.argv, "-j", "route", "get", address, *words], check=False)
        found = _objects(answer)
        if answer.rc == 0 and found:
            return found, ""
        said = answer.stderr.strip().replace("RTNETLINK answers: ", "")
        return [], said or (f"exit code {answer.rc}" if answer.rc else "no route")


def _objects(answer: Result) -> list[Item]:
    if answer.rc == COMMAND_NOT_FOUND:
        raise _unusable("it is missing")
    # BusyBox, toybox and iproute2 before 4.17 print no JSON here, but their usage or plain text.
    if answer.rc != 0 and OPTION_REFUSED.search(answer.stderr):
        raise _unusable((answer.stderr.strip().splitlines() or ["no JSON"])[0])
    try:
        found = json.loads(answer.stdout.strip() or "[]")
    except ValueError:
        raise _unusable(repr(answer.stdout.strip()[:60])) from None
    # Some versions print an empty object for each filtered line.
    return [item for item in found if item] if isinstance(found, list) else []


def _unusable(found: str) -> KuberError:
    return KuberError(
        "Cannot use the program `ip` of this machine",
        wanted="`ip` of iproute2 4.17 or later, which prints JSON",
        found=found,
        remedy="Install iproute2, or set host_network_enabled=false to leave this machine's route and names alone",
    )
