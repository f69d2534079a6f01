# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sets that are applied: the same objects each time, of the kinds that most clusters are made of."""

from __future__ import annotations

import typing as t

import yaml

Body = dict[str, t.Any]

NAMESPACE = "bench"
GROUP = "bench.example.org"
REVISION = f"{GROUP}/revision"
# Every so many objects one differs between two revisions. A number without a common divisor with the number of
# kinds, so that it is not always the same kind that differs.
CHANGED_EVERY = 101

CONFIGURATION = """\
server:
  listen: 0.0.0.0:8000
  root: /app
  timeouts: {{read: 5s, write: 10s, idle: 60s}}
log:
  level: info
  format: json
limits:
  connections: 1000
  number: {number}
  revision: {revision}
"""


def objects(count: int, *, revision: int = 0) -> list[Body]:
    """``count`` objects; of another ``revision``, one percent of them differ."""
    made = [definition()]
    for number in range(1, count):
        build = BUILDERS[number % len(BUILDERS)]
        made.append(build(number, revision if differs(number) else 0))
    return made


def differs(number: int) -> bool:
    """Whether an object, by its place in the set, changes with the revision."""
    return number % CHANGED_EVERY == 1


def text(bodies: t.Iterable[Body]) -> str:
    """The set as users write it."""
    dumper: t.Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump_all(bodies, Dumper=dumper, sort_keys=False, explicit_start=True)


def definition() -> Body:
    size = {"type": "object", "properties": {"size": {"type": "integer"}, "colour": {"type": "string"}}}
    schema = {"type": "object", "properties": {"spec": size}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gadgets.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {"kind": "Gadget", "listKind": "GadgetList", "plural": "gadgets", "singular": "gadget"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def _body(api_version: str, kind: str, number: int, revision: int, **content: t.Any) -> Body:
    labels = {"app.kubernetes.io/name": f"app-{number}", "app.kubernetes.io/part-of": "bench"}
    metadata = {
        "name": f"app-{number}",
        "namespace": NAMESPACE,
        "labels": labels,
        "annotations": {REVISION: str(revision)},
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata} | content


def _config_map(number: int, revision: int) -> Body:
    data = {"config.yml": CONFIGURATION.format(number=number, revision=revision), "mode": "production"}
    return _body("v1", "ConfigMap", number, revision, data=data)


def _service(number: int, revision: int) -> Body:
    ports = [
        {"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8000 + revision},
        {"name": "metrics", "port": 9090, "protocol": "TCP", "targetPort": "metrics"},
    ]
    spec = {"type": "ClusterIP", "selector": {"app": f"app-{number}"}, "ports": ports}
    return _body("v1", "Service", number, revision, spec=spec)


def _deployment(number: int, revision: int) -> Body:
    container = {
        "name": "web",
        "image": f"example.org/web:v1.{revision}",
        "args": ["--config", "/etc/web/config.yml"],
        "env": [{"name": "GOMAXPROCS", "value": "2"}, {"name": "NUMBER", "value": str(number)}],
        "ports": [{"name": "http", "containerPort": 8000}, {"name": "metrics", "containerPort": 9090}],
        "readinessProbe": {"httpGet": {"path": "/index.html", "port": 8000}, "periodSeconds": 5},
        "livenessProbe": {"tcpSocket": {"port": 8000}},
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/web"}],
    }
    labels = {"app": f"app-{number}"}
    pod = {"containers": [container], "volumes": [{"name": "config", "configMap": {"name": f"app-{number}"}}]}
    spec = {
        "replicas": 3,
        "selector": {"matchLabels": dict(labels)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return _body("apps/v1", "Deployment", number, revision, spec=spec)


def _role(number: int, revision: int) -> Body:
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [f"app-{revision}"], "verbs": ["get"]},
    ]
    return _body("rbac.authorization.k8s.io/v1", "Role", number, revision, rules=rules)


def _role_binding(number: int, revision: int) -> Body:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": f"app-{number - 1}"}
    subjects = [{"kind": "ServiceAccount", "name": f"app-{revision}", "namespace": NAMESPACE}]
    return _body("rbac.authorization.k8s.io/v1", "RoleBinding", number, revision, roleRef=role, subjects=subjects)


def _gadget(number: int, revision: int) -> Body:
    return _body(f"{GROUP}/v1", "Gadget", number, revision, spec={"size": number + revision, "colour": "blue"})


# Three ConfigMaps, two Services, two Deployments and one of each other kind, over and over.
BUILDERS: tuple[t.Callable[[int, int], Body], ...] = (
    _config_map,
    _service,
    _deployment,
    _config_map,
    _role,
    _role_binding,
    _service,
    _config_map,
    _deployment,
    _gadget,
)
