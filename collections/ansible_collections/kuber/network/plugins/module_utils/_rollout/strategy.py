# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.
"""The rollout strategies of a Deployment, and their bounds.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

ROLLING, RECREATE = "RollingUpdate", "Recreate"
# The API server's defaults.
DEFAULT_SHARE = "25%"
AMOUNT = re.compile(r"(\d+)(%?)")

Amount = t.Union[int, str]


@dataclasses.dataclass(frozen=True)
class Strategy:
    """The type and, for a rolling update, how many pods may be surplus and how many may be unavailable."""

    type: str = ROLLING
    max_surge: Amount | None = None
    max_unavailable: Amount | None = None

    @classmethod
    def of(cls, deployment: Body) -> Strategy:
        found = deployment["spec"].get("strategy") or {}
        if found.get("type") == RECREATE:
            return cls(RECREATE)
        rolling = found.get("rollingUpdate") or {}
        return cls(ROLLING, rolling.get("maxSurge", DEFAULT_SHARE), rolling.get("maxUnavailable", DEFAULT_SHARE))

    def spec(self) -> Body:
        """Return the strategy for a merge patch, which removes fields that do not belong to the type."""
        if self.type == RECREATE:
            return {"type": RECREATE, "rollingUpdate": None}
        return {"type": ROLLING, "rollingUpdate": {"maxSurge": self.max_surge, "maxUnavailable": self.max_unavailable}}

    def bounds(self, replicas: int) -> tuple[int, int]:
        """Return the most pods that may exist at once, and the fewest that must be available.

        A percentage of surplus pods is rounded up, one of unavailable pods down, and if both are 0, one pod may be
        unavailable: ResolveFenceposts in k8s.io/kubernetes/pkg/controller/deployment/util.
        """
        if self.type == RECREATE:
            return replicas, 0
        surge = _pods(self.max_surge, replicas, up=True)
        missing = _pods(self.max_unavailable, replicas, up=False)
        if not surge and not missing:
            missing = 1
        return replicas + surge, max(0, replicas - missing)

    def dump(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self)


NAMED = {
    "blue_green": Strategy(ROLLING, "100%", 0),
    "reverse": Strategy(ROLLING, 0, 1),
    "all_at_once": Strategy(ROLLING, "100%", "100%"),
    "recreate": Strategy(RECREATE),
}


def own(max_surge: str, max_unavailable: str) -> Strategy:
    """Return a rolling update with these values; raise if it could never begin, as the API server would."""
    surge, missing = _amount("max_surge", max_surge), _amount("max_unavailable", max_unavailable)
    if not _number(surge) and not _number(missing):
        raise KuberError(
            "The rollout could never begin: with max_surge 0 no pod may be added before one is removed, and with "
            "max_unavailable 0 none may be removed before one is added",
            wanted="max_surge or max_unavailable above 0",
            found=f"{max_surge} and {max_unavailable}",
            remedy="Set one of them to a number of pods or a percentage",
        )
    return Strategy(ROLLING, surge, missing)


def _amount(option: str, text: str) -> Amount:
    match = AMOUNT.fullmatch(text)
    if match is None or (option == "max_unavailable" and match[2] and int(match[1]) > 100):
        raise KuberError(
            f"Invalid value of {option}",
            wanted="a number of pods or a percentage such as 25%"
            + (", at most 100%" if option == "max_unavailable" else ""),
            found=repr(text),
        )
    return text if match[2] else int(text)


def _number(amount: Amount | None) -> int:
    return int(str(amount or 0).removesuffix("%"))


def _pods(amount: Amount | None, replicas: int, *, up: bool) -> int:
    number = _number(amount)
    if not str(amount).endswith("%"):
        return number
    return -(-number * replicas // 100) if up else number * replicas // 100
