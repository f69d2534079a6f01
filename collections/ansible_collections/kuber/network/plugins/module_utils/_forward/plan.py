# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Plan which ports of load balancers to open on this machine, and print how to use them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

HERE = "127.0.0.1"
# Ports below need root; those of the homework become 8080, 8443 and 8053.
UNPRIVILEGED = 1024
OFFSET = 8000
WEB_PORTS = {80: "http", 443: "https"}
DNS_PORT = 53
# The end of the literal part of a path that ingress-nginx reads as a regular expression.
PATTERN = re.compile(r"[(\[\\^$*+?|.]")


@dataclasses.dataclass(frozen=True)
class ForwardTarget:
    """A TCP port of a load balancer."""

    service: str
    address: str
    port: int
    datagrams: bool = False
    """Whether it is a name server that also answers over UDP at the same address."""

    @property
    def preferred(self) -> int:
        return self.port if self.port >= UNPRIVILEGED else OFFSET + self.port


@dataclasses.dataclass(frozen=True)
class Open:
    """A port of a load balancer, and the port on this machine that forwards to it."""

    target: ForwardTarget
    port: int

    @property
    def socket(self) -> str:
        return f"{HERE}:{self.port}"


def plan(services: Sequence[Body], ingresses: Sequence[Body]) -> tuple[list[ForwardTarget], list[str]]:
    """Return the ports to open, those of ingress controllers first, and those that SSH cannot forward."""
    behind = {address for ingress in ingresses for address in _addresses(ingress)}
    sockets = list(_sockets(services))
    asked = {(address, port) for _service, address, port, protocol in sockets if protocol == "UDP"}
    targets = [
        ForwardTarget(service, address, port, port == DNS_PORT and (address, port) in asked)
        for service, address, port, protocol in sockets
        if protocol == "TCP"
    ]
    relayed = {(target.address, target.port) for target in targets if target.datagrams}
    left = [
        f"{service} {address}:{port}/{protocol.lower()}"
        for service, address, port, protocol in sockets
        if protocol != "TCP" and (address, port) not in relayed
    ]
    if not targets:
        raise KuberError(
            "No load balancer of the cluster has an address with a TCP port",
            wanted="a Service of type LoadBalancer with an address",
            found=", ".join(left) or "none",
            remedy="Set them up first (playbooks/site.yml)",
        )
    return sorted(targets, key=lambda target: target.address not in behind), left


def _sockets(services: Iterable[Body]) -> Iterator[tuple[str, str, int, str]]:
    for service in services:
        metadata, spec = service["metadata"], service["spec"]
        if spec.get("type") == "LoadBalancer":
            for address in _addresses(service):
                for port in spec.get("ports") or ():
                    name = f"{metadata['namespace']}/{metadata['name']}"
                    yield name, address, port["port"], port.get("protocol", "TCP")


def _addresses(body: Body) -> list[str]:
    entries = ((body.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return [entry["ip"] for entry in entries if entry.get("ip")]


def lines(opened: Sequence[Open], left: Sequence[str], ingresses: Sequence[Body]) -> list[str]:
    """Return the commands to type and the addresses for a browser."""
    result: list[str] = []
    for one in opened:
        target = one.target
        web = f"{WEB_PORTS[target.port]}://{one.socket}/" if target.port in WEB_PORTS else one.socket
        result += [
            "",
            f"{target.service} {target.address}:{target.port}  ->  {web}{' (TCP and UDP)' if target.datagrams else ''}",
        ]
        if target.port == DNS_PORT:
            result.append(f"    dig -p {one.port} @{HERE} kubernetes.default.svc.cluster.local")
        # The two rules of a canary have one URL.
        result += dict.fromkeys(f"    {request}" for request in _requests(one, ingresses))
    names = dict.fromkeys(host for ingress in ingresses for host, _path in _rules(ingress) if host)
    if names:
        line = f"{HERE} {' '.join(names)}"
        result += ["", f"To use the names with these ports in a browser, add the line `{line}` to the hosts file"]
    if left:
        result += ["", f"Not forwarded, because SSH does not carry UDP: {', '.join(left)}"]
    return result


def _requests(one: Open, ingresses: Sequence[Body]) -> Iterator[str]:
    """One for each path of each ingress that is reached there."""
    scheme = WEB_PORTS.get(one.target.port, "")
    for ingress in ingresses:
        if one.target.address in _addresses(ingress) and (scheme == "http" or (scheme and ingress["spec"].get("tls"))):
            for host, path in _rules(ingress):
                yield _request(scheme, one, host, path)


def _rules(ingress: Body) -> Iterator[tuple[str, str]]:
    for rule in ingress["spec"].get("rules") or ():
        paths: list[dict[str, t.Any]] = (rule.get("http") or {}).get("paths") or [{}]
        for path in paths:
            text = path.get("path") or "/"
            if path.get("pathType") == "ImplementationSpecific":
                text = PATTERN.split(text, maxsplit=1)[0] or "/"
            yield rule.get("host") or "", text


def _request(scheme: str, one: Open, host: str, path: str) -> str:
    insecure = "-k " if scheme == "https" else ""
    if not host or host.startswith("*"):
        return f"curl -L {insecure}{scheme}://{one.socket}{path}"
    return f"curl -L {insecure}--resolve {host}:{one.port}:{HERE} {scheme}://{host}:{one.port}{path}"
