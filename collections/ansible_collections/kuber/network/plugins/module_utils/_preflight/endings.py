# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What ends with which version of Kubernetes, as data with sources, and what to move on to.

API versions that Kubernetes removed have their own table, with their successors: _upgrade/versions.py.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_modes import minor
from ansible_collections.kuber.network.plugins.module_utils._upgrade.versions import TABLE as REMOVED

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Ending:
    """A feature of Kubernetes that goes in stages, by the second number of the version 1.x."""

    what: str
    stages: t.Mapping[int, str]
    move_on: str
    source: str


IPVS = Ending(
    "kube-proxy's mode ipvs",
    {
        35: "deprecated",
        37: "subject to the feature gate KubeProxyIPVS",
        40: "off by default",
        43: "removed",
    },
    "ansible-playbook kuber.network.migrate_proxy_mode -e migrate_to=nftables (iptables before Linux 5.13) says what "
    "would change, and switches; with --check it only says so",
    "https://github.com/kubernetes/enhancements/issues/5495",
)

# The versions of Kubernetes with which versions of ingress-nginx were tested: the table in its README.md.
INGRESS_NGINX_TESTED: t.Mapping[str, range] = {
    "1.11": range(26, 31),
    "1.12": range(28, 33),
    "1.13": range(29, 34),
    "1.14": range(30, 35),
    "1.15": range(31, 36),
}
INGRESS_NGINX_SOURCE = "https://kubernetes.io/blog/2025/11/11/ingress-nginx-retirement"
_REPORT = "ansible-playbook kuber.network.ingress_report says what would change for your Ingress objects"
_TRAEFIK = "ingress_controller: traefik is the successor that reads them"


def notes(version: str, *, proxy_mode: str, ingress_nginx: str) -> Iterator[str]:
    """Yield what is near its end: ``ingress_nginx`` is the version of the controller, empty for another one."""
    if proxy_mode == "ipvs":
        yield from _stages(IPVS, version)
    if ingress_nginx:
        yield (
            f"ingress-nginx was archived in March 2026 and gets no more fixes{_tested(ingress_nginx, version)}. "
            f"{_REPORT}; {_TRAEFIK} ({INGRESS_NGINX_SOURCE})"
        )
    yield from _removals(version)


def _stages(ending: Ending, version: str) -> Iterator[str]:
    now = minor(version)
    past = [f"{text} since 1.{number}" for number, text in ending.stages.items() if number <= now]
    coming = [f"{text} from 1.{number} on" for number, text in ending.stages.items() if number > now]
    if past:
        yield f"{ending.what} is {', '.join(past + coming)} (this is {version}). {ending.move_on} ({ending.source})"


def _tested(ingress_nginx: str, version: str) -> str:
    found = re.match(r"v?(\d+\.\d+)", ingress_nginx)
    tested = INGRESS_NGINX_TESTED.get(found[1] if found else "")
    if tested is None:
        return f"; with which versions of Kubernetes {ingress_nginx} was tested is not known here"
    if minor(version) in tested:
        return ""
    return f"; {ingress_nginx} was tested with Kubernetes 1.{tested[0]} to 1.{tested[-1]}, and this is {version}"


def _removals(version: str) -> Iterator[str]:
    coming = [row for row in REMOVED if int(row.release.partition(".")[2]) > minor(version)]
    for release in sorted({row.release for row in coming}, key=lambda text: int(text.partition(".")[2])):
        rows = [row for row in coming if row.release == release]
        kinds = ", ".join(f"{kind} of {one}" for row in rows for one in row.versions for kind in row.kinds)
        yield (
            f"Kubernetes {release} removes {kinds} (this is {version}). "
            f"kuber.network.upgraded_manifests upgrades manifests ({rows[0].link})"
        )
