# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What to ask a cluster about each row: the checks of the module ``checks``, derived from the parts that were found."""

from __future__ import annotations

import ipaddress
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework import parts, rows
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Status
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import below, mappings

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._homework.inspection import Inspection
    from ansible_collections.kuber.network.plugins.module_utils._homework.parts import Backend, Canary, Parts
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

    Check = dict[str, t.Any]
    Live = Mapping[tuple[str, str], Body]

PAGE = "/index.html"
NAME_IN_DNS = "kubernetes.default.svc.cluster.local"
REQUESTS = 20
# How many of 100 requests a weight may miss: about four standard deviations.
TOLERANCE = 20
# What a pattern of a canary's header may accept.
SAMPLES = ("true", "always", "yes", "on", "1", "7", "v2", "canary", "beta", "test")


def checks(inspected: Inspection, services: Sequence[Body], ingress_address: str) -> list[Check]:
    """Return the checks of all rows against which nothing is known; ``services`` are those of the cluster."""
    live = {parts.place(one): one for one in services}
    by_row: dict[str, t.Callable[[], Iterator[Check]]] = {
        "1": lambda: _running(inspected.parts),
        "2": lambda: _ready(inspected.parts),
        "4": lambda: _strategy(inspected.parts),
        "5": lambda: _inside(inspected.parts, live),
        "10": lambda: _pools(inspected.parts),
        "11": lambda: _balanced(inspected.parts, live),
        "13": lambda: _dns(inspected.parts, live),
        "14": lambda: _controller(inspected.parts, live),
        "15": lambda: _ingress(inspected.parts, inspected.parts.ingress, ingress_address),
        "16": lambda: _ingress(inspected.parts, inspected.parts.dashboard, ingress_address),
        "18": lambda: _canaries(inspected.parts, ingress_address),
        "n1": lambda: _namespace(inspected.parts),
        "n2": lambda: _running(inspected.parts),
        "n3": lambda: _ready(inspected.parts),
        "n4": lambda: _inside(inspected.parts, live),
        "n5": lambda: _ingress(inspected.parts, inspected.parts.ingress, ingress_address, homepage=False),
        "n6": lambda: _ingress(inspected.parts, inspected.parts.ingress, ingress_address, homepage=True),
    }
    return [
        {"group": row.number, **check}
        for row in rows.ROWS[inspected.edition]
        if inspected.claims[row.number].status is Status.PASSED and row.number in by_row
        for check in by_row[row.number]()
    ]


def rollout(inspected: Inspection, services: Sequence[Body]) -> dict[str, str]:
    """Return what to roll out and which page to request meanwhile, empty if the folder does not allow it."""
    found = inspected.parts
    live = {parts.place(one): one for one in services}
    claim = inspected.claims.get(rows.STRATEGY)
    if found.web is None or found.web["kind"] != "Deployment" or claim is None or claim.status is not Status.PASSED:
        return {}
    namespace, name = parts.place(found.web)
    balanced, inside = (
        live.get(parts.place(one)) if one else None for one in (found.load_balancer, found.cluster_service)
    )
    if found.load_balancer is not None and _external(balanced):
        url, place = _url(_external(balanced), found.load_balancer, page(found)), "controller"
    elif found.cluster_service is not None and inside is not None:
        url, place = _url(str(below(inside, "spec", "clusterIP")), found.cluster_service, page(found)), "host"
    else:
        return {}
    return {"name": name, "namespace": namespace, "url": url, "from": place}


def networks(services: Sequence[Body], wanted: Sequence[Body]) -> list[str]:
    """Return the networks of the addresses that the Services of a folder have got, each once."""
    places = {parts.place(one) for one in wanted if one["kind"] == "Service"}
    found = [_external(one) for one in services if parts.place(one) in places]
    return sorted({str(ipaddress.ip_network(f"{one}/24", strict=False)) for one in found if "." in one})


def _object(body: Body) -> str:
    """Return the path of a workload in the API."""
    namespace, name = parts.place(body)
    return f"/apis/apps/v1/namespaces/{namespace}/{body['kind'].lower()}s/{name}"


def _running(found: Parts) -> Iterator[Check]:
    if found.web is not None:
        namespace, _name = parts.place(found.web)
        yield {
            "name": "The pods of the web application run",
            "live": {
                "path": f"/api/v1/namespaces/{namespace}/pods",
                "query": f"length(items[?status.phase=='Running' && {_owned_by(found.web)}])",
                "equals": below(found.web, "spec", "replicas"),
            },
        }


def _owned_by(workload: Body) -> str:
    """Return a JMESPath expression for the pods of a workload: others may have the same labels and prefix."""
    name = json.dumps(parts.place(workload)[1]).replace("`", "\\`")
    owners = "metadata.ownerReferences[?controller].name || `[]`"
    if workload["kind"] != "Deployment":
        return f"contains({owners}, `{name}`)"
    # A Deployment's pods belong to its ReplicaSets, whose names end with the hash that their pods have as label.
    made_by = f"join('-', [`{name}`, metadata.labels.\"pod-template-hash\"])"
    return f'metadata.labels."pod-template-hash" && contains({owners}, {made_by})'


def _ready(found: Parts) -> Iterator[Check]:
    if found.web is not None:
        yield {
            "name": "The pods of the web application are ready",
            "live": {
                "path": _object(found.web),
                "query": "status.readyReplicas == spec.replicas",
                "show": "join(' of ', [to_string(status.readyReplicas || `0`), to_string(spec.replicas)])",
            },
        }


def _strategy(found: Parts) -> Iterator[Check]:
    if found.web is not None:
        update = below(found.web, "spec", "strategy", "rollingUpdate")
        for field in ("maxSurge", "maxUnavailable"):
            if field in update:
                yield {
                    "name": f"The API server has taken {field}",
                    "live": {
                        "path": _object(found.web),
                        "query": f"spec.strategy.rollingUpdate.{field}",
                        "equals": update[field],
                    },
                }


def _inside(found: Parts, live: Live) -> Iterator[Check]:
    service = found.cluster_service
    if service is not None:
        address = str(below(live.get(parts.place(service)), "spec", "clusterIP") or "")
        yield {
            "name": f"Service {parts.place(service)[1]} answers from the node",
            "from": "host",
            "http": {"url": _url(address, service, page(found))},
        }


def _pools(found: Parts) -> Iterator[Check]:
    for one in (*found.pools, *found.advertisements):
        namespace, name = parts.place(one)
        plural = {"IPAddressPool": "ipaddresspools", "L2Advertisement": "l2advertisements"}[one["kind"]]
        yield {
            "name": f"MetalLB has {one['kind']} {name}",
            "live": {
                "path": f"/apis/metallb.io/v1beta1/namespaces/{namespace}/{plural}/{name}",
                "query": "metadata.name",
            },
        }


def _balanced(found: Parts, live: Live) -> Iterator[Check]:
    service = found.load_balancer
    if service is not None:
        yield _has_address(service)
        yield {
            "name": f"Service {parts.place(service)[1]} answers on its address",
            "http": {"url": _url(_external(live.get(parts.place(service))), service, page(found)), "count": 5},
        }


def _dns(found: Parts, live: Live) -> Iterator[Check]:
    for service in found.dns:
        address = _external(live.get(parts.place(service)))
        yield _has_address(service)
        for port in mappings(below(service, "spec", "ports")):
            transport = str(port.get("protocol") or "TCP").lower()
            yield {
                "name": f"CoreDNS answers over {transport.upper()}",
                "dns": {"server": address or "0.0.0.0", "name": NAME_IN_DNS, "transport": transport},
            }


def _controller(found: Parts, live: Live) -> Iterator[Check]:
    service = found.controller
    if service is not None:
        yield _has_address(service)
        yield {
            "name": "The ingress controller answers with its own 404 page",
            "http": {
                "url": f"http://{_external(live.get(parts.place(service))) or '0.0.0.0'}/-nothing-",
                "status": [404],
                "matches": "nginx",
            },
        }


def _has_address(service: Body) -> Check:
    namespace, name = parts.place(service)
    return {
        "name": f"Service {name} has an address",
        "live": {
            "path": f"/api/v1/namespaces/{namespace}/services/{name}",
            "query": "status.loadBalancer.ingress[0].ip",
        },
    }


def _ingress(found: Parts, ingress: Body | None, address: str, *, homepage: bool | None = None) -> Iterator[Check]:
    if ingress is None:
        return
    for one in parts.backends(ingress):
        if homepage is None or homepage == one.path.startswith("/homepage"):
            path = request_path(one.path, parts.annotation(ingress, "rewrite-target"), page(found))
            yield {"name": f"{one.host or 'Any host'} answers on {path}", "http": _request(one, path, address)}


def _canaries(found: Parts, address: str) -> Iterator[Check]:
    for pair in found.canaries:
        if pair.main is not None:
            yield from _canary(found, pair, pair.main, address)


def _canary(found: Parts, pair: Canary, main: Body, address: str) -> Iterator[Check]:
    old, new = marker(found, main), marker(found, pair.canary)
    backend = parts.backends(main)[0] if parts.backends(main) else None
    if backend is None or not old or not new or old == new:
        return
    path = request_path(backend.path, parts.annotation(main, "rewrite-target"), page(found))
    usual = _request(backend, path, address)
    weight = parts.annotation(pair.canary, "canary-weight")
    if weight.isdecimal():
        share = {
            "matches": new,
            "at_least": max(0, int(weight) - TOLERANCE),
            "at_most": min(100, int(weight) + TOLERANCE),
        }
        yield {
            "name": f"About {weight} % of the requests reach the canary",
            "http": usual | {"count": 100, "shares": [share]},
        }
    else:
        yield {"name": "Requests reach the main version", "http": usual | {"count": REQUESTS, "matches": old}}
    header, cookie = (parts.annotation(pair.canary, f"canary-by-{one}") for one in ("header", "cookie"))
    given = {header: header_value(pair.canary)} if header else {}
    for headers in (given, {"Cookie": f"{cookie}=always"} if cookie else {}):
        if headers:
            shown = ", ".join(f"{name}: {value}" for name, value in headers.items())
            yield {
                "name": f"Requests with {shown} reach the canary",
                "http": usual | {"headers": usual["headers"] | headers, "count": REQUESTS, "matches": new},
            }


def header_value(canary: Body) -> str:
    """Return a value of the header with which requests reach the canary."""
    value, pattern = (parts.annotation(canary, f"canary-by-header-{one}") for one in ("value", "pattern"))
    if value or not pattern:
        return value or "always"
    try:
        return next((one for one in SAMPLES if re.search(pattern, one)), "always")
    except re.error:
        return "always"


def marker(found: Parts, ingress: Body) -> str:
    """Return a regular expression for the answers behind an Ingress, empty if others answer alike."""
    for one in parts.backends(ingress):
        service = found.service(one.namespace, one.service)
        workload = None if service is None else found.workload(service)
        if workload is None:
            continue
        text = next(filter(None, map(text_of, parts.containers(workload))), "")
        if text:
            return re.escape(text)
        # The page of the homework contains the name of its pod.
        if parts.containers(workload, "initContainers"):
            return re.escape(parts.place(workload)[1]) + "-[a-z0-9]+"
    return ""


def command(container: Body) -> str:
    """Return what a container runs, as one line."""
    return " ".join(str(word) for key in ("command", "args") for word in _list(container.get(key)))


def text_of(container: Body) -> str:
    """Return the text with which a container answers if its command says so, as with http-echo, or empty."""
    found = re.search(r"-text[= ]\"?([\w.-]+)|echo \"?([\w.-]+)", command(container))
    return (found[1] or found[2]) if found else ""


def page(found: Parts) -> str:
    """Return the path of the application's page, which its readiness probe asks for."""
    for container in parts.containers(found.web) if found.web else ():
        path = below(container, "readinessProbe", "httpGet", "path")
        if isinstance(path, str) and path.startswith("/") and path.isprintable() and " " not in path:
            return path
    return PAGE


def request_path(path: str, target: str, page: str) -> str:
    """Return a path to ask an Ingress for, so that the application is asked for its page."""
    literal = re.split(r"[(\[|$*?\\^]", path, maxsplit=1)[0].rstrip("/")
    if target and target != "/" and "$" not in target:
        # It is rewritten to one page, whatever is asked for.
        return literal or "/"
    last = literal.rpartition("/")[2]
    return literal if "." in last else literal + (page if target or not literal else "")


def served_path(path: str, target: str, page: str) -> str:
    """Return the path for which the application is asked when an Ingress is asked for ``request_path``."""
    if not target:
        return request_path(path, target, page)
    return page if target == "/" or "$" in target else target


def _list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []


def _request(backend: Backend, path: str, address: str) -> Check:
    """Return a request by the name of the host, which no name service has to know."""
    host = backend.host.replace("*", "any")
    return {"url": f"http://{address}{path}", "headers": {"Host": host} if host else {}}


def _url(address: str, service: Body, path: str) -> str:
    port = next((one.get("port") for one in mappings(below(service, "spec", "ports"))), 80)
    return f"http://{address or '0.0.0.0'}:{port}{path}"


def _external(service: Body | None) -> str:
    addresses = mappings(below(service, "status", "loadBalancer", "ingress"))
    return str(addresses[0].get("ip") or "") if addresses else ""


def _namespace(found: Parts) -> Iterator[Check]:
    if found.web is not None:
        namespace, _name = parts.place(found.web)
        yield {
            "name": f"Namespace {namespace} is there",
            "live": {"path": f"/api/v1/namespaces/{namespace}", "query": "status.phase", "equals": "Active"},
        }
