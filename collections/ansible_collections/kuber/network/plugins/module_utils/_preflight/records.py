# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read what a switch has recorded on the cluster, and find variables that would undo it without a word."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client

NAMESPACE = "kube-system"
# The variables that a switch changes. Each has a ConfigMap of its own, which exists only while variables could undo it.
NAMES = ("ingress_controller", "traffic_api", "kube_proxy_mode")
# A value that leaves everything as it is.
KEEP = "keep"


def config_map(name: str) -> str:
    """Return the name of the record of a variable, as roles/common/tasks/record.yml makes it."""
    return f"kuber-network-{name.replace('_', '-')}"


def read(client: Client) -> dict[str, str] | KuberError:
    """Return the recorded values by their variables, or why they cannot be read."""
    found = {}
    for name in NAMES:
        try:
            body = client.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/{config_map(name)}")
        except ApiError as exc:
            if exc.status == 404:
                continue
            if exc.status != 403:
                raise
            return exc
        found[name] = str((body.get("data") or {}).get("value", ""))
    return found


def undone(recorded: Mapping[str, str], choices: Mapping[str, str], *, may_switch: bool) -> Iterator[KuberError]:
    """Yield an error for each variable that has another value than its record."""
    for name, value in recorded.items():
        wanted = choices.get(name, value)
        if may_switch or wanted in (value, KEEP):
            continue
        yield KuberError(
            f"This cluster was switched to {name} {value}, and the variables of this run would switch it back",
            wanted=f"{name}: {value}",
            found=f"{name}: {wanted}",
            remedy=f"To stay, write `{name}: {value}` into the inventory (in a clone, "
            f"inventory/group_vars/all/settings.yml). To switch to "
            f"{wanted}, add -e kuber_switch=true",
        )
