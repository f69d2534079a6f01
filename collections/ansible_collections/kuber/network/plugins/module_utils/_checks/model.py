# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The data model of checks: what is asked, what is wanted, and what was found."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, Probe


@dataclasses.dataclass(frozen=True)
class Check:
    """One check to run."""

    name: str
    group: str
    probe: Probe
    source: str = ""
    """The place to query from, if it is not the usual one."""


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """The result of a check, one line of the table."""

    name: str
    group: str
    asked: str
    wanted: str
    found: str
    ok: bool
    unknown: bool = False
    source: str = ""

    @property
    def failed(self) -> bool:
        return not self.ok and not self.unknown

    @classmethod
    def of(cls, check: Check, outcome: Outcome) -> CheckResult:
        probe = check.probe
        return cls(
            name=check.name,
            group=check.group,
            asked=probe.asked,
            wanted=probe.wanted,
            found=outcome.found,
            ok=outcome.ok,
            unknown=outcome.unknown,
            source=check.source,
        )

    @classmethod
    def load(cls, dumped: dict[str, t.Any]) -> CheckResult:
        """Load a result of an earlier task."""
        return cls(**{field.name: dumped[field.name] for field in dataclasses.fields(cls) if field.name in dumped})

    def dump(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)
