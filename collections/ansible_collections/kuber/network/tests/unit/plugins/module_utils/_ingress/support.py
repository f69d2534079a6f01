# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects for the tests of what becomes of Ingress objects elsewhere."""

from __future__ import annotations

import typing as t

PREFIX = "nginx.ingress.kubernetes.io/"


def service(name: str, *, namespace: str = "default", port: int = 80, target: int = 8000) -> dict[str, t.Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": [{"port": port, "targetPort": target}]},
    }


def ingress(
    name: str = "web",
    *paths: str | tuple[str, str],
    host: str = "",
    namespace: str = "default",
    to: str = "web-svc",
    port: int = 80,
    tls: dict[str, t.Any] | None = None,
    **annotations: str,
) -> dict[str, t.Any]:
    """An Ingress for paths, each with its type; underscores of annotations stand for hyphens."""
    listed = [(path, "Prefix") if isinstance(path, str) else path for path in paths or ("/",)]
    backend = {"service": {"name": to, "port": {"number": port}}}
    rule: dict[str, t.Any] = {
        "http": {"paths": [{"path": path, "pathType": kind, "backend": backend} for path, kind in listed]}
    }
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "annotations": {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()},
        },
        "spec": {
            "ingressClassName": "nginx",
            "rules": [{"host": host} | rule if host else rule],
            **({"tls": [tls]} if tls else {}),
        },
    }
