# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The rows of the homework, as data, and what the folder alone says about each."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework import parts
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Claim, Fault, Message
from ansible_collections.kuber.network.plugins.module_utils._kube.lint import finds_itself
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Ref, below, mappings

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._homework.parts import Parts
    from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Finding

POOL = (ipaddress.ip_address("172.17.255.1"), ipaddress.ip_address("172.17.255.255"))
CLASSIC, OF_2024 = "classic", "2024"
# The row that real rollouts are about.
STRATEGY = "4"
# Rows that fail when pods do not become ready.
ABOUT_PODS = frozenset({"1", "2", "n2", "n3"})


@dataclasses.dataclass(frozen=True)
class Folder:
    """What was found in a folder."""

    parts: Parts
    problems: tuple[Finding, ...]
    """Files that cannot be read, and objects that have no equal today."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the homework: its number, its title, and the function that judges a folder."""

    number: str
    title: Message
    judge: t.Callable[[Folder], Claim]
    needs: tuple[str, ...] = ()
    """Rows without which this one cannot be checked."""
    asks: bool = True
    """Whether the cluster is asked; otherwise the folder alone decides."""


def _files(folder: Folder) -> Claim:
    names = tuple(str(Ref.of(body)) for body in folder.parts.bodies)
    faults = tuple(
        Fault(_same(f"{one.origin}: {one.problem}"), _same(one.remedy) if one.remedy else None)
        for one in folder.problems
    )
    return Claim(names or ("",), faults)


def _web(folder: Folder) -> Claim:
    web = folder.parts.web
    if web is None:
        return Claim()
    faults = []
    replicas = below(web, "spec", "replicas")
    if replicas != 3:
        shown = 1 if replicas is None else replicas
        faults.append(
            Fault(
                Message(f"spec.replicas is {shown}, not 3", f"spec.replicas равно {shown}, а не 3"),
                Message("Set spec.replicas to 3", "Задайте spec.replicas: 3"),
            )
        )
    return Claim(_names(web, *folder.parts.pods), tuple(faults))


def _readiness(folder: Folder) -> Claim:
    web = folder.parts.web
    if web is None:
        return Claim()
    return Claim(_names(web), tuple(_probe_faults(web, liveness=False)))


def _probes(folder: Folder) -> Claim:
    web = folder.parts.web
    if web is None:
        return Claim()
    return Claim(_names(web), tuple(_probe_faults(web, liveness=True)))


def _probe_faults(web: Body, *, liveness: bool) -> Iterator[Fault]:
    containers = parts.containers(web)
    if not any(below(one, "readinessProbe", "httpGet") for one in containers):
        yield Fault(
            Message(
                "No container has a readiness probe of the form httpGet",
                "Ни у одного контейнера нет readinessProbe вида httpGet",
            ),
            Message("Add readinessProbe with httpGet: /index.html", "Добавьте readinessProbe с httpGet: /index.html"),
        )
    # A probe that finds itself is the subject of a row of its own.
    if liveness and not any(below(one, "livenessProbe", "tcpSocket") or _senseless(one) for one in containers):
        yield Fault(
            Message(
                "No container has a liveness probe of the form tcpSocket",
                "Ни у одного контейнера нет livenessProbe вида tcpSocket",
            ),
            Message("Add livenessProbe with tcpSocket", "Добавьте livenessProbe с tcpSocket"),
        )


def _senseless(container: Body) -> bool:
    return any(
        finds_itself(_command(container.get(name))) for name in ("livenessProbe", "readinessProbe", "startupProbe")
    )


def _command(probe: t.Any) -> str:
    command = below(probe, "exec", "command")
    return " ".join(map(str, command)) if isinstance(command, list) else ""


def _senseless_probes(folder: Folder) -> Claim:
    found = [
        (body, str(container.get("name")))
        for body in folder.parts.bodies
        if body["kind"] in parts.WORKLOADS or body["kind"] == "Pod"
        for container in parts.containers(body)
        if _senseless(container)
    ]
    faults = tuple(
        Fault(
            Message(
                f"The probe of container {name} in {Ref.of(body)} finds itself: the process list contains its own grep",
                f"Проба контейнера {name} в {Ref.of(body)} находит саму себя: в списке процессов есть её grep",
            ),
            Message(
                "Ask the program itself: tcpSocket or httpGet", "Опрашивайте саму программу: tcpSocket или httpGet"
            ),
        )
        for body, name in found
    )
    return Claim(_names(*(body for body, _name in found)), faults)


def _strategy(folder: Folder) -> Claim:
    web = folder.parts.web
    update = below(web, "spec", "strategy", "rollingUpdate")
    if web is None or not isinstance(update, dict):
        return Claim()
    surge, unavailable = (_is_nothing(update.get(name, "25%")) for name in ("maxSurge", "maxUnavailable"))
    shown = f"maxSurge {update.get('maxSurge', '25%')}, maxUnavailable {update.get('maxUnavailable', '25%')}"
    faults: tuple[Fault, ...] = ()
    if surge and unavailable:
        faults = (
            Fault(
                Message(
                    f"{shown}: a rollout could do nothing, and the API server refuses it",
                    f"{shown}: обновление ничего не могло бы сделать, API-сервер это не примет",
                ),
                Message("Set one of them to more than 0", "Задайте одному из них значение больше 0"),
            ),
        )
    return Claim(_names(web), faults, notes=(_same(shown),))


def _is_nothing(amount: t.Any) -> bool:
    return str(amount).rstrip("%") == "0"


def _cluster_service(folder: Folder) -> Claim:
    return _service(folder, folder.parts.cluster_service)


def _load_balancer(folder: Folder) -> Claim:
    return _service(folder, folder.parts.load_balancer)


def _service(folder: Folder, service: Body | None) -> Claim:
    if service is None:
        return Claim()
    web = folder.parts.web
    if web is not None and not parts.selects(service, web):
        labels = below(parts.template(web), "metadata", "labels")
        problem = Message(
            f"The selector of {Ref.of(service)} matches no pod of the folder",
            f"Селектор {Ref.of(service)} не подходит ни одному поду папки",
        )
        remedy = Message(f"Use labels of the pods: {labels}", f"Возьмите метки подов: {labels}")
        return Claim(_names(service), (Fault(problem, remedy),))
    return Claim(_names(service))


def _pool(folder: Folder) -> Claim:
    pools = folder.parts.pools
    if not pools:
        return Claim()
    ranges = [str(one) for pool in pools for one in _entries(below(pool, "spec", "addresses"))]
    faults: tuple[Fault, ...] = ()
    if not any(_is_the_pool(one) for one in ranges):
        shown = ", ".join(ranges) or "nothing"
        faults = (
            Fault(
                Message(f"The pool has the addresses {shown}", f"Адреса пула: {shown}"),
                Message("The homework's are 172.17.255.1-172.17.255.255", "В задании 172.17.255.1-172.17.255.255"),
            ),
        )
    return Claim(_names(*pools, *folder.parts.advertisements), faults)


def _entries(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []


def _is_the_pool(addresses: str) -> bool:
    if "/" in addresses:
        return addresses.strip() == "172.17.255.0/24"
    try:
        first, last = (ipaddress.ip_address(one.strip()) for one in addresses.split("-"))
    except ValueError:
        return False
    return (first, last) == POOL


def _dns(folder: Folder) -> Claim:
    services = folder.parts.dns
    if not services:
        return Claim()
    protocols = {
        str(port.get("protocol") or "TCP")
        for service in services
        for port in mappings(below(service, "spec", "ports"))
        if port.get("port") == 53
    }
    missing = sorted({"TCP", "UDP"} - protocols)
    faults = tuple(
        Fault(
            Message(f"No Service has port 53 over {one}", f"Ни у одного Service нет порта 53 по {one}"),
            Message(f"Add it over {one}", f"Добавьте его по {one}"),
        )
        for one in missing
    )
    return Claim(_names(*services), faults)


def _controller(folder: Folder) -> Claim:
    return Claim(_names(folder.parts.controller)) if folder.parts.controller else Claim()


def _ingress(folder: Folder) -> Claim:
    return _of_ingress(folder, folder.parts.ingress)


def _of_ingress(folder: Folder, ingress: Body | None) -> Claim:
    if ingress is None:
        return Claim()
    name = str(Ref.of(ingress))
    faults = [
        Fault(_same(one.problem), _same(one.remedy)) for one in folder.problems if _same_object(one.object, ingress)
    ]
    if not faults:
        faults = [
            Fault(
                Message(
                    f"{name} leads to Service {one.service}, which the folder does not have",
                    f"{name} ведёт на Service {one.service}, которого нет в папке",
                ),
                Message("Name a Service of the folder", "Укажите Service из папки"),
            )
            for one in parts.backends(ingress)
            if folder.parts.service(one.namespace, one.service) is None
        ]
    return Claim((name,), tuple(faults))


def _same_object(name: str, body: Body) -> bool:
    namespace, short = parts.place(body)
    return name in (f"{body['kind']} {short}", f"{body['kind']} {namespace}/{short}")


def _dashboard(folder: Folder) -> Claim:
    ingress = folder.parts.dashboard
    if ingress is None:
        return Claim()
    missing = [one for one in parts.backends(ingress) if folder.parts.service(one.namespace, one.service) is None]
    obstacles = tuple(
        Fault(
            Message(
                f"Service {one.namespace}/{one.service} is not in the folder: it is installed from an address",
                f"Service {one.namespace}/{one.service} нет в папке: панель устанавливается по ссылке",
            ),
            Message("Add the manifest of the dashboard to the folder", "Добавьте в папку манифест панели"),
        )
        for one in missing
    )
    return Claim(_names(ingress), obstacles=obstacles)


def _canary(folder: Folder) -> Claim:
    pairs = folder.parts.canaries
    faults = tuple(
        Fault(
            Message(
                f"{Ref.of(pair.canary)} is a canary, and no Ingress of the folder has its path",
                f"{Ref.of(pair.canary)} — canary, но в папке нет Ingress с её путём",
            ),
            Message(
                "Add the main Ingress with the same host and path", "Добавьте основной Ingress с тем же хостом и путём"
            ),
        )
        for pair in pairs
        if pair.main is None
    )
    names = [one for pair in pairs for one in (pair.main, pair.canary) if one is not None]
    return Claim(_names(*names), faults)


def _kube_proxy(folder: Folder) -> Claim:
    settings = folder.parts.kube_proxy
    if settings is None:
        return Claim()
    text = str(below(settings, "data", "config.conf") or "")
    faults = []
    if 'mode: "ipvs"' not in text and "mode: ipvs" not in text:
        faults.append(
            Fault(
                Message("config.conf does not say mode: ipvs", "В config.conf нет mode: ipvs"),
                Message("Set mode: ipvs and strictARP: true", "Задайте mode: ipvs и strictARP: true"),
            )
        )
    obstacle = Fault(
        Message(
            "kube-proxy is not changed for a folder: a mistake would cut the cluster off",
            "Настройки kube-proxy из папки не применяются: ошибка отрезала бы кластер",
        ),
        Message("kuber.network.kube_proxy sets and checks it", "Его настраивает и проверяет kuber.network.kube_proxy"),
    )
    return Claim(_names(settings), tuple(faults), (obstacle,))


def _nothing(folder: Folder) -> Claim:
    """Judge a row that is about the node or this machine, and so never part of a folder."""
    return Claim()


def _namespace(folder: Folder) -> Claim:
    web = folder.parts.web
    if web is None:
        return Claim()
    if parts.place(web)[0] == "default":
        problem = Message(
            "The Deployment is in the namespace default", "Deployment находится в пространстве имён default"
        )
        remedy = Message("Put it into the namespace homework", "Перенесите его в пространство имён homework")
        return Claim(_names(web), (Fault(problem, remedy),))
    return Claim(_names(web))


def _homepage(folder: Folder) -> Claim:
    ingress = folder.parts.ingress
    if ingress is None:
        return Claim()
    if not any("/homepage" in one.path for one in parts.backends(ingress)):
        return Claim()
    return _of_ingress(folder, ingress)


def _names(*bodies: Body | None) -> tuple[str, ...]:
    return tuple(str(Ref.of(body)) for body in bodies if body is not None)


def _same(text: str) -> Message:
    """Return a text that is English in any language, as those of other modules are."""
    return Message(text, text)


FILES = Row("0", Message("Files of the folder", "Файлы папки"), _files, asks=False)
ROWS: dict[str, Sequence[Row]] = {
    CLASSIC: (
        FILES,
        Row("1", Message("Deployment with 3 ready pods", "Deployment с тремя готовыми подами"), _web),
        Row("2", Message("Readiness and liveness probes", "Пробы готовности и живости"), _probes, ("1",)),
        Row(
            "3",
            Message("No probe that finds itself", "Нет пробы, которая находит саму себя"),
            _senseless_probes,
            asks=False,
        ),
        Row(STRATEGY, Message("Rollout strategy", "Стратегия обновления"), _strategy),
        Row("5", Message("Service of type ClusterIP", "Service типа ClusterIP"), _cluster_service, ("1", "2")),
        Row("6", Message("kube-proxy in IPVS mode", "kube-proxy в режиме IPVS"), _kube_proxy),
        Row("7", Message("No rules of the other mode", "Нет правил другого режима"), _nothing),
        Row("8", Message("kube-ipvs0, ipsets and ping", "kube-ipvs0, ipset и ping"), _nothing),
        Row("9", Message("Way back to iptables", "Возврат к iptables"), _nothing),
        Row("10", Message("MetalLB with a layer 2 pool", "MetalLB с пулом layer 2"), _pool),
        Row("11", Message("Service of type LoadBalancer", "Service типа LoadBalancer"), _load_balancer, ("1", "2")),
        Row("12", Message("Route of this machine", "Маршрут этой машины"), _nothing),
        Row("13", Message("CoreDNS over TCP and UDP", "CoreDNS по TCP и UDP"), _dns),
        Row("14", Message("Service of the ingress controller", "Service ингресс-контроллера"), _controller),
        Row("15", Message("Ingress to the web application", "Ingress к веб-приложению"), _ingress, ("1", "2")),
        Row("16", Message("Ingress to the dashboard", "Ingress к панели"), _dashboard),
        Row("17", Message("Name in /etc/hosts", "Имя в /etc/hosts"), _nothing),
        Row("18", Message("Canary", "Canary"), _canary),
    ),
    OF_2024: (
        FILES,
        Row("n1", Message("Namespace of its own", "Собственное пространство имён"), _namespace),
        Row("n2", Message("Deployment with 3 ready pods", "Deployment с тремя готовыми подами"), _web),
        Row("n3", Message("Readiness probe", "Проба готовности"), _readiness, ("n2",)),
        Row("n4", Message("Service of type ClusterIP", "Service типа ClusterIP"), _cluster_service, ("n2", "n3")),
        Row("n5", Message("Ingress with a host", "Ingress с хостом"), _ingress, ("n2", "n3")),
        Row("n6", Message("/homepage is rewritten", "/homepage переписывается"), _homepage, ("n2", "n3")),
    ),
}


def edition(found: Parts) -> str:
    """Return the edition of the homework that a folder follows."""
    if found.pools or found.dns or found.load_balancer or found.canaries:
        return CLASSIC
    paths = [one for body in found.bodies if body["kind"] == "Ingress" for one in parts.backends(body)]
    recent = any(one.path.startswith("/homepage") or one.host == "homework.otus" for one in paths)
    own = found.web is not None and parts.place(found.web)[0] == "homework"
    return OF_2024 if recent or own else CLASSIC


def claims(folder: Folder, chosen: str) -> dict[str, Claim]:
    """Return what the folder says about each row of an edition."""
    return {row.number: row.judge(folder) for row in ROWS[chosen]}
