# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Find the parts of the homework among the objects of a folder by what they are, whatever their names."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import below, mappings

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

NGINX = "nginx.ingress.kubernetes.io/"
WORKLOADS = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
# Namespaces of components, which never hold the application of the homework.
COMPONENTS = frozenset({"ingress-nginx", "kube-system", "kubernetes-dashboard", "metallb-system"})
DNS_LABEL = ("k8s-app", "kube-dns")
CONTROLLER_LABELS = frozenset({("app", "ingress-nginx"), ("app.kubernetes.io/name", "ingress-nginx")})


@dataclasses.dataclass(frozen=True)
class Backend:
    """One path of an Ingress, and the Service behind it."""

    host: str
    path: str
    namespace: str
    service: str


@dataclasses.dataclass(frozen=True)
class Canary:
    """An Ingress that takes a part of the requests of another one, ``None`` if the folder does not have that."""

    canary: Body
    main: Body | None


@dataclasses.dataclass(frozen=True)
class Parts:
    """The parts of the homework, as far as the folder has them."""

    web: Body | None
    pods: tuple[Body, ...]
    """Bare pods with the labels of the web application."""
    cluster_service: Body | None
    load_balancer: Body | None
    headless: Body | None
    pools: tuple[Body, ...]
    advertisements: tuple[Body, ...]
    dns: tuple[Body, ...]
    controller: Body | None
    """The Service of the folder in front of the ingress controller."""
    ingress: Body | None
    dashboard: Body | None
    canaries: tuple[Canary, ...]
    kube_proxy: Body | None
    bodies: tuple[Body, ...]

    def service(self, namespace: str, name: str) -> Body | None:
        """Return the Service of the folder with this name."""
        found = (one for one in self.bodies if one["kind"] == "Service" and place(one) == (namespace, name))
        return next(found, None)

    def workload(self, service: Body) -> Body | None:
        """Return the workload behind a Service."""
        found = (one for one in self.bodies if one["kind"] in WORKLOADS and selects(service, one))
        return next(found, None)


def find(bodies: Iterable[Body]) -> Parts:
    """Find the parts among upgraded objects."""
    everything = tuple(bodies)
    services = [one for one in everything if one["kind"] == "Service"]
    ingresses = [one for one in everything if one["kind"] == "Ingress"]
    dns = tuple(one for one in services if _is_dns(one))
    controller = next((one for one in services if CONTROLLER_LABELS & set(_selector(one).items())), None)
    others = [one for one in services if one not in dns and one is not controller]
    canaries = tuple(_canaries(ingresses))
    paired = [one for pair in canaries for one in (pair.canary, pair.main) if one is not None]
    dashboard = next((one for one in ingresses if one not in paired and _is_dashboard(one)), None)
    web = _web(everything, others, canaries)
    balanced = _service(others, web, everything, _is_balanced)
    headless = _service(others, web, everything, _is_headless)
    inside = _service(_beside(others, canaries, web), web, everything, _is_inside)
    left = [one for one in ingresses if one is not dashboard and not is_canary(one)]
    return Parts(
        web=web,
        pods=tuple(one for one in everything if one["kind"] == "Pod" and web is not None and _same_labels(one, web)),
        cluster_service=inside,
        load_balancer=balanced,
        headless=headless,
        pools=_of_kind(everything, "IPAddressPool"),
        advertisements=_of_kind(everything, "L2Advertisement"),
        dns=dns,
        controller=controller,
        ingress=_ingress(left, paired, [one for one in others if web is not None and selects(one, web)], others),
        dashboard=dashboard,
        canaries=canaries,
        kube_proxy=next((one for one in everything if _is_kube_proxy(one)), None),
        bodies=everything,
    )


def place(body: Body) -> tuple[str, str]:
    """Return namespace and name."""
    return str(below(body, "metadata", "namespace") or "default"), str(below(body, "metadata", "name"))


def template(workload: Body) -> Body:
    """Return the pod of a workload, or the pod itself."""
    found = workload if workload["kind"] == "Pod" else below(workload, "spec", "template")
    return found if isinstance(found, dict) else {}


def containers(workload: Body, kind: str = "containers") -> list[Body]:
    return mappings(below(template(workload), "spec", kind))


def selects(service: Body, workload: Body) -> bool:
    """Whether the Service leads to the pods of the workload."""
    wanted = set(_selector(service).items())
    labels = below(template(workload), "metadata", "labels")
    has = {(key, str(value)) for key, value in labels.items()} if isinstance(labels, dict) else set()
    return bool(wanted) and wanted <= has and place(service)[0] == place(workload)[0]


def annotation(body: Body, name: str) -> str:
    """Return an annotation of ingress-nginx, empty if it is not set."""
    value = below(body, "metadata", "annotations", NGINX + name)
    return "" if value is None else str(value)


def is_canary(ingress: Body) -> bool:
    return annotation(ingress, "canary") == "true"


def backends(ingress: Body) -> list[Backend]:
    """Return the paths of an Ingress with their Services."""
    namespace, _name = place(ingress)
    found = []
    for rule in mappings(below(ingress, "spec", "rules")):
        for path in mappings(below(rule, "http", "paths")):
            name = below(path, "backend", "service", "name")
            found.append(Backend(str(rule.get("host") or ""), str(path.get("path") or "/"), namespace, str(name)))
    return found


def _of_kind(bodies: Sequence[Body], kind: str) -> tuple[Body, ...]:
    return tuple(one for one in bodies if one["kind"] == kind)


def _selector(service: Body) -> dict[str, str]:
    found = below(service, "spec", "selector")
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _is_dns(service: Body) -> bool:
    return DNS_LABEL in _selector(service).items()


def _is_balanced(service: Body) -> bool:
    return bool(below(service, "spec", "type") == "LoadBalancer")


def _is_headless(service: Body) -> bool:
    return bool(below(service, "spec", "clusterIP") == "None")


def _is_inside(service: Body) -> bool:
    return below(service, "spec", "type") in (None, "ClusterIP") and not _is_headless(service)


def _is_dashboard(ingress: Body) -> bool:
    return any(re.search("dashboard|headlamp", one.path + one.service, re.IGNORECASE) for one in backends(ingress))


def _is_kube_proxy(body: Body) -> bool:
    return body["kind"] == "ConfigMap" and place(body) == ("kube-system", "kube-proxy")


def _same_labels(pod: Body, workload: Body) -> bool:
    labels, wanted = (below(template(one), "metadata", "labels") for one in (pod, workload))
    return bool(labels) and labels == wanted


def _canaries(ingresses: Sequence[Body]) -> Iterator[Canary]:
    mains = [one for one in ingresses if not is_canary(one)]
    for one in ingresses:
        if is_canary(one):
            yield Canary(one, max(mains, key=lambda main, canary=one: _likeness(canary, main), default=None))  # type: ignore[misc]


def _likeness(canary: Body, main: Body) -> tuple[int, ...]:
    """How much speaks for an Ingress to be the one that a canary belongs to: paths first, then namespace and host."""
    ours, theirs = backends(canary), backends(main)
    paths = {one.path for one in ours} & {one.path for one in theirs}
    hosts = {one.host for one in ours} & {one.host for one in theirs}
    return len(paths), int(place(canary)[0] == place(main)[0]), len(hosts)


def _leads_to(ingress: Body, service: Body) -> bool:
    return any((one.namespace, one.service) == place(service) for one in backends(ingress))


def _web(bodies: Sequence[Body], services: Sequence[Body], canaries: Sequence[Canary]) -> Body | None:
    """Return the workload for which most speaks."""
    scores = [
        (_score(one, services, canaries), -number, one)
        for number, one in enumerate(bodies)
        if one["kind"] in WORKLOADS and place(one)[0] not in COMPONENTS
    ]
    best = max(scores, key=lambda entry: entry[:2], default=None)
    return None if best is None or best[0] < 1 else best[2]


def _score(workload: Body, services: Sequence[Body], canaries: Sequence[Canary]) -> int:
    mine = [one for one in services if selects(one, workload)]
    score = 4 * int(_page_of_init_container(workload))
    score += 3 * any(_is_balanced(one) for one in mine) + 2 * any(_is_headless(one) for one in mine)
    score += any(_is_inside(one) for one in mine)
    score += 2 * any(
        "index.html" in str(below(one, "readinessProbe", "httpGet", "path")) for one in containers(workload)
    )
    score += bool(below(template(workload), "metadata", "labels", "app") == "web")
    for pair in canaries:
        score -= 5 * any(_leads_to(pair.canary, one) for one in mine)
        score -= 3 * any(pair.main is not None and _leads_to(pair.main, one) for one in mine)
    return score


def _page_of_init_container(workload: Body) -> bool:
    """Whether an init container and a container share a volume, through which the page comes."""
    mounts = [
        {str(mount.get("name")) for one in containers(workload, kind) for mount in mappings(one.get("volumeMounts"))}
        for kind in ("initContainers", "containers")
    ]
    return bool(mounts[0] & mounts[1])


def _beside(services: Sequence[Body], canaries: Sequence[Canary], web: Body | None) -> list[Body]:
    """Return the Services without those of a canary pair that is not about the web application."""
    pair = [one for canary in canaries for one in (canary.canary, canary.main) if one is not None]
    return [
        one
        for one in services
        if (web is not None and selects(one, web)) or not any(_leads_to(ingress, one) for ingress in pair)
    ]


def _service(
    services: Sequence[Body], web: Body | None, bodies: Sequence[Body], fits: t.Callable[[Body], bool]
) -> Body | None:
    """Return the Service of this type in front of the web application, or one that leads nowhere: it was meant to."""
    candidates = [one for one in services if fits(one) and place(one)[0] not in COMPONENTS]
    meant = [one for one in candidates if web is not None and selects(one, web)]
    workloads = [one for one in bodies if one["kind"] in WORKLOADS]
    lost = [one for one in candidates if not any(selects(one, workload) for workload in workloads)]
    return next(iter([*meant, *lost]), None)


def _ingress(
    ingresses: Sequence[Body], paired: Sequence[Body], services: Sequence[Body], others: Sequence[Body]
) -> Body | None:
    """Return the Ingress in front of the web application, or one that leads to no Service: it was meant to."""
    free = [one for one in ingresses if one not in paired]
    ordered = [*free, *(one for one in ingresses if one in paired)]
    meant = [one for one in ordered if any(_leads_to(one, service) for service in services)]
    lost = [one for one in free if not any(_leads_to(one, service) for service in others)]
    return next(iter([*meant, *lost]), None)
