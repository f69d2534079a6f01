# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The data model of a switch of kube-proxy's mode: from where to where, and the lines of the report about it."""

from __future__ import annotations

import dataclasses
import enum
import typing as t


class Impact(enum.Enum):
    """What becomes of something when the mode changes, from the harmless to the worst."""

    SAME = "works the same"
    CHANGES = "changes"
    UNKNOWN = "could not be checked"
    STOPS = "stops"


@dataclasses.dataclass(frozen=True)
class Switch:
    """From one mode of kube-proxy to another."""

    before: str
    to: str

    @property
    def leaves_ipvs(self) -> bool:
        return self.before == "ipvs" != self.to

    @property
    def enters_ipvs(self) -> bool:
        return self.to == "ipvs" != self.before

    @property
    def leaves_iptables(self) -> bool:
        """Whether kube-proxy's rules are no longer among those of iptables: IPVS mode has some there, too."""
        return self.before != "nftables" == self.to


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the report."""

    topic: str
    verdict: Impact
    text: str
    node: str = ""
    """The node that it is about; empty for the whole cluster."""
    instead: str = ""
    """What to do about it; empty if there is nothing to do, or nothing known."""
    link: str = ""
    """The source."""

    def dump(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self) | {"verdict": self.verdict.value}
