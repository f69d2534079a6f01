# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Upgrade MetalLB's configuration from a ConfigMap or AddressPools to IPAddressPools and advertisements."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import below, group_of, mappings
from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Added
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Reason
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Draft

GROUP, API_VERSION = "metallb.io", "metallb.io/v1beta1"
NAMESPACE = "metallb-system"
_MIGRATION = "https://metallb.io/configuration/migration_to_crds/"
_CONFIGURATION = "https://metallb.io/configuration/"
_CONFIG_MAP = Reason("MetalLB 0.13 and newer read IPAddressPools and advertisements, not a ConfigMap", _MIGRATION)
_ADDRESS_POOL = Reason("MetalLB 0.14 removed AddressPool; IPAddressPool and an advertisement replace it", _MIGRATION)
_UNANNOUNCED = Reason(
    "MetalLB assigns addresses of this pool, but announces them only with an advertisement",
    f"{_CONFIGURATION}#announce-the-service-ips",
)
# Fields of a pool in the ConfigMap, and their names in an IPAddressPool.
_FIELDS = {"addresses": "addresses", "auto-assign": "autoAssign", "avoid-buggy-ips": "avoidBuggyIPs"}
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_NO_EQUAL = "Write BGPPeers, BGPAdvertisements and Communities by hand; see MetalLB's documentation for their form"


def upgrade(draft: Draft) -> None:
    kind, version = draft.body["kind"], draft.body["apiVersion"]
    if kind == "ConfigMap" and version == "v1":
        for key, text in list((draft.get("data") or {}).items()):
            if "address-pools:" in text:
                _config_map(draft, key, text)
    elif kind == "AddressPool" and group_of(version) == GROUP:
        _address_pool(draft)


def _config_map(draft: Draft, key: str, text: str) -> None:
    config = _read(draft, key, text)
    if config is None:
        return
    pools = config.get("address-pools")
    left = [pool for pool in pools if not _convert(draft, pool)]
    rest = {field: value for field, value in config.items() if field != "address-pools" and value}
    for field in rest:
        draft.reject(f"{field} of MetalLB's ConfigMap cannot be converted", _NO_EQUAL, _MIGRATION, keep_edits=True)
    if not draft.added:
        return
    if not left and not rest and len(draft.body["data"]) == 1:
        draft.replaced = True
        return
    remaining = ({"address-pools": left} if left else {}) | rest
    path = ("data", key)
    if remaining:
        draft.set(path, yamltext.dump(remaining), _CONFIG_MAP)
    else:
        draft.remove(path, _CONFIG_MAP)


def _read(draft: Draft, key: str, text: str) -> t.Any:
    """Return MetalLB's configuration in ``text``; ``None`` if it cannot be read."""
    try:
        documents = yamltext.load_all(text, f"{key} of {draft.name}")
    except KuberError as exc:
        problem = exc.problem + (f": {exc.found}" if exc.found else "")
        draft.reject(problem, "Correct the YAML in the ConfigMap", _MIGRATION)
        return None
    config = documents[0] if len(documents) == 1 else None
    return config if isinstance(config, dict) and isinstance(config.get("address-pools"), list) else None


def _convert(draft: Draft, pool: t.Any) -> bool:
    """Add what replaces the pool; return whether all of it could be converted."""
    problem = _no_equal(pool)
    if problem:
        draft.reject(problem, _NO_EQUAL, _MIGRATION, keep_edits=True)
        return False
    spec = {new: pool[old] for old, new in _FIELDS.items() if old in pool}
    namespace = draft.ref.namespace or NAMESPACE
    _add(draft, pool["name"], namespace, spec, _CONFIG_MAP)
    return True


def _no_equal(pool: t.Any) -> str:
    if not isinstance(pool, dict):
        return "An entry of address-pools is not a mapping"
    name = pool.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return f"The name of pool {name} is not a valid object name"
    if pool.get("protocol") != "layer2":
        return f"The protocol {pool.get('protocol')} of pool {name} cannot be converted"
    unknown = sorted(str(key) for key in pool.keys() - _FIELDS.keys() - {"name", "protocol"})
    return f"{', '.join(unknown)} of pool {name} cannot be converted" if unknown else ""


def _address_pool(draft: Draft) -> None:
    spec = draft.get("spec")
    if not isinstance(spec, dict) or spec.get("protocol") != "layer2":
        protocol = spec.get("protocol") if isinstance(spec, dict) else None
        draft.reject(f"The protocol {protocol} cannot be converted", _NO_EQUAL, _MIGRATION)
        return
    draft.set(("apiVersion",), API_VERSION, _ADDRESS_POOL)
    draft.set(("kind",), "IPAddressPool", _ADDRESS_POOL)
    draft.remove(("spec", "protocol"), _ADDRESS_POOL)
    if "bgpAdvertisements" in spec:
        draft.remove(("spec", "bgpAdvertisements"), _ADDRESS_POOL)


def _add(draft: Draft, name: str, namespace: str, spec: Body, reason: Reason) -> None:
    metadata = {"name": name, "namespace": namespace}
    pool = {"apiVersion": API_VERSION, "kind": "IPAddressPool", "metadata": metadata, "spec": spec}
    draft.added += [Added(pool, reason), Added(advertisement(name, namespace), reason)]


def advertisement(name: str, namespace: str) -> Body:
    metadata = {"name": name, "namespace": namespace}
    spec = {"ipAddressPools": [name]}
    return {"apiVersion": API_VERSION, "kind": "L2Advertisement", "metadata": metadata, "spec": spec}


def advertise(drafts: Iterable[Draft]) -> None:
    """Add an L2Advertisement for each pool that nothing in the set announces."""
    drafts = list(drafts)
    bodies = [body for draft in drafts for body in (draft.body, *(one.body for one in draft.added))]
    known = [body for body in bodies if body["kind"] in ("L2Advertisement", "BGPAdvertisement")]
    for draft in drafts:
        if draft.body["kind"] == "IPAddressPool" and group_of(draft.body["apiVersion"]) == GROUP:
            ref = draft.ref
            if not any(_announces(one, draft.body) for one in known):
                draft.added.append(Added(advertisement(ref.name, ref.namespace or NAMESPACE), _UNANNOUNCED))


def _announces(one: Body, pool: Body) -> bool:
    if group_of(one["apiVersion"]) != GROUP or _namespace(one) != _namespace(pool):
        return False
    names, selectors = below(one, "spec", "ipAddressPools"), mappings(below(one, "spec", "ipAddressPoolSelectors"))
    if not names and not selectors:
        return True
    if isinstance(names, list) and pool["metadata"]["name"] in names:
        return True
    return any(_selects(selector, pool["metadata"].get("labels") or {}) for selector in selectors)


def _selects(selector: Body, found: Body) -> bool:
    wanted = selector.get("matchLabels") or {}
    # Expressions are not evaluated: a superfluous advertisement would announce addresses without being asked to.
    return bool(selector.get("matchExpressions")) or all(found.get(key) == value for key, value in wanted.items())


def _namespace(body: Body) -> str:
    return body["metadata"].get("namespace") or NAMESPACE
