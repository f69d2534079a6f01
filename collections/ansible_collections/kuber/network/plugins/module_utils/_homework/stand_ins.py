# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Let a program of our own answer in the place of images that a cluster without internet cannot pull.

It serves the same pages on the same port, so that everything of the network can be checked nevertheless.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework import cluster_checks, parts, pulling
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Message
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Ref, below, mappings

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._homework.parts import Parts
    from ansible_collections.kuber.network.plugins.module_utils._homework.pulling import Pulls
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body

PORT = 8000
PAGES = "/tmp/pages"
# Its words: the text (in the notation of http-echo, so that `text_of` finds it), the directory, the port, the pages.
_SERVE = (
    'cd "$1" || { mkdir -p "$1" && cd "$1"; } || exit; port=$2; shift 2; '
    'for page; do mkdir -p ".${page%/*}"; [ -e ".$page" ] || echo "${0#-text=}" > ".$page"; done; '
    'exec httpd -f -p "$port"'
)
_MAKE_PAGE = 'hostname > "$0/index.html"'
# A program that downloads, with the address of a host outside of the cluster.
_DOWNLOAD = re.compile(r"\b(?:curl|wget)\b.*https?://(?![^/ ]*\.(?:svc|local)\b)[^/ ]*\.[^/ ]", re.DOTALL)
_PATH = re.compile(r"(?:/[\w.~-]+)+")


@dataclasses.dataclass(frozen=True)
class Replaced:
    """Objects in which other images answer, and what was replaced."""

    bodies: tuple[Body, ...]
    notes: tuple[Message, ...] = ()


def replace(found: Parts, bodies: Sequence[Body], pulls: Pulls, image: str) -> Replaced:
    """Return objects that a cluster without internet can run; ``image`` has a shell and httpd, as busybox has."""
    notes: dict[Message, None] = {}
    changed = []
    for body in bodies:
        if body["kind"] in parts.WORKLOADS or body["kind"] == "Pod":
            changed.append(_replaced(found, body, pulls, image, notes))
        else:
            changed.append(body)
    return Replaced(tuple(changed), tuple(notes))


def missing(pulls: Pulls) -> Iterator[Message]:
    """Say which images cannot be pulled."""
    for image in sorted(pulls.missing):
        yield Message(f"The cluster cannot pull the image {image}", f"Кластер не может скачать образ {image}")
    for image in sorted(pulls.not_pulled):
        yield Message(
            f"The cluster has the image {image}, and cannot pull it again as imagePullPolicy: Always demands",
            f"Образ {image} в кластере есть, но скачать его заново, как требует imagePullPolicy: Always, нельзя",
        )


def _replaced(found: Parts, body: Body, pulls: Pulls, image: str, notes: dict[Message, None]) -> Body:
    pod = parts.template(body).get("spec")
    if not isinstance(pod, dict):
        return body
    spec = dict(pod)
    for kind, change in (("initContainers", _init_container), ("containers", _server)):
        before = pod.get(kind)
        if isinstance(before, list):
            spec[kind] = [
                _container(found, body, one, pulls, image, change, notes) if isinstance(one, dict) else one
                for one in before
            ]
    if spec == pod:
        return body
    if body["kind"] == "Pod":
        return body | {"spec": spec}
    template = parts.template(body) | {"spec": spec}
    return body | {"spec": body["spec"] | {"template": template}}


def _container(
    found: Parts,
    body: Body,
    container: Body,
    pulls: Pulls,
    image: str,
    change: t.Callable[[Parts, Body, Body, bool], Body | None],
    notes: dict[Message, None],
) -> Body:
    name = str(container.get("image") or "")
    where = f"{Ref.of(body)}, {container.get('name')}"
    if name in pulls.not_pulled and pulling.pulls_always(container):
        notes[
            Message(
                f"{where}: the image of the cluster is used, which is not pulled again",
                f"{where}: взят образ, который есть в кластере, без повторного скачивания",
            )
        ] = None
        container = container | {"imagePullPolicy": "IfNotPresent"}
    different = change(found, body, container, name in pulls.missing)
    if different is None:
        return container
    if name in pulls.missing:
        note = Message(
            f"{where}: {image} answers in the place of {name}",
            f"{where}: вместо {name} отвечает {image}",
        )
    else:
        note = Message(
            f"{where}: the page is made by {image}, as it cannot be downloaded",
            f"{where}: страницу создаёт {image}, потому что скачать её нельзя",
        )
    notes[note] = None
    kept = {key: value for key, value in container.items() if key not in ("args", "command")}
    return kept | {"image": image, "imagePullPolicy": "IfNotPresent"} | different


def _init_container(found: Parts, body: Body, container: Body, is_missing: bool) -> Body | None:
    """Return the command of an init container if it cannot run as it is."""
    words = cluster_checks.command(container)
    mounts = [str(one.get("mountPath")) for one in mappings(container.get("volumeMounts"))]
    if mounts and (_DOWNLOAD.search(words) or (is_missing and not words)):
        return {"command": _script(_MAKE_PAGE, mounts[0])}
    if not is_missing:
        return None
    return {key: container[key] for key in ("command", "args") if key in container}


def _server(found: Parts, body: Body, container: Body, is_missing: bool) -> Body | None:
    """Return the command of a program that serves what the checks will ask for."""
    ports = list(_ports(found, body, container))
    if not is_missing or not (ports or below(container, "readinessProbe", "httpGet")):
        return None
    text = cluster_checks.text_of(container) or parts.place(body)[1]
    pages = sorted({"/index.html", *_paths(found, body, container)})
    port = str(ports[0] if ports else PORT)
    return {"command": _script(_SERVE, f"-text={text}", _shared(body, container) or PAGES, port, *pages)}


def _script(script: str, *words: str) -> list[str]:
    """Return a command: a script that is the same for all folders, and its words."""
    # Kubernetes would replace $(NAME) in them.
    return ["sh", "-c", script, *(word.replace("$", "$$") for word in words)]


def _ports(found: Parts, body: Body, container: Body) -> Iterator[int]:
    """Yield the ports on which the program is expected, first those of the Services in front of it."""
    named = {str(one.get("name")): one.get("containerPort") for one in mappings(container.get("ports"))}
    for service in found.bodies:
        if service["kind"] == "Service" and parts.selects(service, body):
            for one in mappings(below(service, "spec", "ports")):
                target = one.get("targetPort", one.get("port"))
                yield from _number(named.get(str(target), target))
    for port in named.values():
        yield from _number(port)


def _number(port: t.Any) -> Iterable[int]:
    text = str(port)
    return (int(text),) if text.isdecimal() and 0 < int(text) < 65536 else ()


def _shared(body: Body, container: Body) -> str:
    """Return where a volume that an init container fills is mounted, empty if there is none."""
    filled = {
        str(mount.get("name"))
        for one in parts.containers(body, "initContainers")
        for mount in mappings(one.get("volumeMounts"))
    }
    mounts = mappings(container.get("volumeMounts"))
    return next((str(one.get("mountPath")) for one in mounts if str(one.get("name")) in filled), "")


def _paths(found: Parts, body: Body, container: Body) -> Iterator[str]:
    """Yield the pages for which probes and Ingresses ask."""
    asked = [str(below(container, probe, "httpGet", "path")) for probe in ("readinessProbe", "livenessProbe")]
    for ingress in found.bodies:
        if ingress["kind"] == "Ingress":
            target = parts.annotation(ingress, "rewrite-target")
            for one in parts.backends(ingress):
                service = found.service(one.namespace, one.service)
                if service is not None and parts.selects(service, body):
                    asked.append(cluster_checks.served_path(one.path, target, cluster_checks.page(found)))
    yield from (path for path in asked if _PATH.fullmatch(path) and ".." not in path)
