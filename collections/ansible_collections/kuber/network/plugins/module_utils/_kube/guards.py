# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Which objects of a set its own webhooks guard, and what of the set answers for these webhooks."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item, below, group_of, mappings
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import WEBHOOK_KINDS

WORKLOADS = frozenset({"Deployment.apps", "DaemonSet.apps", "StatefulSet.apps", "ReplicaSet.apps", "Pod"})
WRITES = frozenset({"*", "CREATE", "UPDATE"})
# The label that the server itself gives to each namespace.
NAME_LABEL = "kubernetes.io/metadata.name"


def guarding(item: Item, items: t.Iterable[Item]) -> list[Body]:
    """The webhooks among the items that must answer before the server takes ``item``."""
    everything = list(items)
    return [
        webhook
        for one in everything
        if one.key in WEBHOOK_KINDS
        for webhook in mappings(one.body.get("webhooks"))
        if webhook.get("failurePolicy") != "Ignore"
        and any(_covers(rule, item) for rule in mappings(webhook.get("rules")))
        and _may_select(webhook.get("objectSelector"), _labels(item.body), known=True)
        and _may_select_namespace(webhook.get("namespaceSelector"), item, everything)
    ]


def answering(webhooks: t.Iterable[Body], items: t.Iterable[Item]) -> list[Item]:
    """The workloads among the items that are behind the services of the webhooks."""
    everything = list(items)
    services = [below(webhook, "clientConfig", "service") or {} for webhook in webhooks]
    places = {(one.get("namespace"), one.get("name")) for one in services if isinstance(one, dict)}
    selectors = [
        (one.ref.namespace, below(one.body, "spec", "selector"))
        for one in everything
        if one.key == "Service" and (one.ref.namespace, one.ref.name) in places
    ]
    return [
        one
        for one in everything
        if one.key in WORKLOADS
        and any(one.ref.namespace == place and _has(_pod_labels(one), labels) for place, labels in selectors)
    ]


def _covers(rule: Body, item: Item) -> bool:
    """Whether a rule is about the creation or change of an object."""
    version = item.ref.api_version.rpartition("/")[2]
    plural = item.resource.plural if item.resource is not None else ""
    return (
        not WRITES.isdisjoint(rule.get("operations") or ())
        and not {"*", group_of(item.ref.api_version)}.isdisjoint(rule.get("apiGroups") or ())
        and not {"*", version}.isdisjoint(rule.get("apiVersions") or ())
        and not {"*", "*/*", plural}.isdisjoint(rule.get("resources") or ())
    )


def _may_select_namespace(selector: t.Any, item: Item, items: t.Iterable[Item]) -> bool:
    name = item.ref.namespace
    if not name:
        return True
    spaces = [one for one in items if one.key == "Namespace" and one.ref.name == name]
    labels = {NAME_LABEL: name, **(_labels(spaces[0].body) if spaces else {})}
    # Of a namespace that is not in the set, other labels are not known.
    return _may_select(selector, labels, known=bool(spaces))


def _may_select(selector: t.Any, labels: Body, *, known: bool) -> bool:
    """Whether a label selector may cover what has these labels, all of its labels if they are ``known``."""
    if not isinstance(selector, dict):
        return True
    simple = [{"key": key, "operator": "In", "values": [value]} for key, value in _mapping(selector, "matchLabels")]
    expressions = [*simple, *mappings(selector.get("matchExpressions"))]
    return all(_may_match(one, labels) for one in expressions if known or one.get("key") in labels)


def _may_match(expression: Body, labels: Body) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or []
    verdicts = {
        "In": labels.get(key) in values and key in labels,
        "NotIn": key not in labels or labels[key] not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return verdicts.get(str(expression.get("operator")), True)


def _mapping(value: Body, name: str) -> t.Iterable[tuple[str, t.Any]]:
    found = value.get(name)
    return found.items() if isinstance(found, dict) else ()


def _labels(body: t.Any) -> Body:
    found = below(body, "metadata", "labels")
    return found if isinstance(found, dict) else {}


def _pod_labels(item: Item) -> Body:
    return _labels(item.body if item.key == "Pod" else below(item.body, "spec", "template"))


def _has(labels: Body, selector: t.Any) -> bool:
    return isinstance(selector, dict) and bool(selector) and selector.items() <= labels.items()
