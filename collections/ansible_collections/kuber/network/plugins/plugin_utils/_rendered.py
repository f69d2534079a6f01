# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Kustomizations and Helm charts as sources: rendered by the user's own kubectl and helm, applied by us."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil
import subprocess
import tempfile
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import diff, drift
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document, from_text

SECONDS = 300
HOOK = "helm.sh/hook"
Spec = t.Mapping[str, t.Any]
Environ = t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Cluster:
    """What a chart is rendered for: the namespace of the release, and what the API server is."""

    namespace: str
    version: str
    api_versions: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Chart:
    """The objects of a chart, and what of it is not applied."""

    documents: list[Document]
    remarks: tuple[str, ...] = ()


def kustomization(directory: str, environ: Environ) -> list[Document]:
    return from_text(_run(["kubectl", "kustomize", directory], environ), f"kustomization {directory}")


def chart(spec: Spec, cluster: Cluster, environ: Environ) -> Chart:
    """The chart without its hooks and tests; refuse one that is another one each time it is rendered.

    What names no namespace goes to that of the release, as with helm.
    """
    origin = f"chart {spec['chart_ref']} as {spec['release_name']}"
    with tempfile.TemporaryDirectory(prefix="kuber.network-") as scratch:
        values = pathlib.Path(scratch, "values.json")
        values.write_text(json.dumps(spec["release_values"]))
        argv = _helm(spec, cluster, str(values))
        first, second = (from_text(_run(argv, environ), origin) for _time in range(2))
    hooks = [one for one in first if _hook(one)]
    _refuse_random([one for one in first if one not in hooks], second, origin)
    left = ", ".join(f"{one.ref} ({_hook(one)})" for one in hooks)
    remarks = (f"Of {origin}, hooks and tests are left out: {left}",) if hooks else ()
    return Chart([dataclasses.replace(one, namespace=cluster.namespace) for one in first if one not in hooks], remarks)


def _helm(spec: Spec, cluster: Cluster, values: str) -> list[str]:
    options = {"--namespace": cluster.namespace, "--version": spec["chart_version"], "--repo": spec["chart_repo_url"]}
    files = [*spec["values_files"], values]
    return [
        *("helm", "template", spec["release_name"], spec["chart_ref"], "--include-crds"),
        *(word for option, value in options.items() if value for word in (option, value)),
        *("--kube-version", cluster.version),
        *(word for version in cluster.api_versions for word in ("--api-versions", version)),
        *(word for file in files for word in ("--values", file)),
    ]


def _hook(document: Document) -> str:
    return str((document.body["metadata"].get("annotations") or {}).get(HOOK) or "")


def _refuse_random(first: list[Document], second: list[Document], origin: str) -> None:
    others = {one.ref: one.body for one in second}
    differing = []
    for one in first:
        if one.ref not in others:
            differing.append(str(one.ref))
        elif one.body != others[one.ref]:
            places = drift.places(diff.content(one.body), diff.content(others[one.ref]))
            differing.append(f"{one.ref}: {', '.join(places) or 'status'}")
    if differing:
        raise KuberError(
            f"The {origin} is another one each time it is rendered, so that each run would change the cluster",
            found="; ".join(differing),
            remedy="Give the values that it draws at random in release_values, or name the fields in patches",
        )


def _run(argv: list[str], environ: Environ) -> str:
    program = shutil.which(argv[0], path=environ.get("PATH"))
    if program is None:
        raise KuberError(
            f"There is no program {argv[0]} on this machine", remedy=f"Install {argv[0]} where Ansible runs"
        )
    command = " ".join(argv[:3])
    try:
        done = subprocess.run(
            [program, *argv[1:]],
            env=environ,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as exc:
        raise KuberError(f"`{command}` did not end", wanted=f"an end within {SECONDS} s") from exc
    if done.returncode != 0:
        words = " ".join(done.stderr.split())
        raise KuberError(f"`{command}` failed", found=f"exit code {done.returncode}, {words}")
    return done.stdout
