# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import shutil
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils import _rendered

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{more}}}\ndata: {{a: {value}}}\n---\n"
# Prints as `helm template` does what a test wants of it, and what it was called with.
HELM = """#!/bin/sh
echo "$@" >> {log}
cat "$(dirname $0)/printed"
{more}
"""
SPEC: dict[str, t.Any] = {
    "chart_ref": "shop",
    "chart_repo_url": None,
    "chart_version": "1.2.3",
    "release_name": "mine",
    "release_namespace": None,
    "release_values": {"replicas": 2},
    "values_files": [],
}
CLUSTER = _rendered.Cluster("shop", "v1.99.1", ("v1", "shop.example.org/v1", "shop.example.org/v1/Till"))


def config_map(name: str, value: str = "b", annotations: str = "") -> str:
    more = f", annotations: {{{annotations}}}" if annotations else ""
    return CONFIG_MAP.format(name=name, value=value, more=more)


def helm(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, printed: str, more: str = "") -> pathlib.Path:
    program, log = tmp_path / "helm", tmp_path / "log"
    program.write_text(HELM.format(log=log, more=more))
    program.chmod(0o755)
    (tmp_path / "printed").write_text(printed)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return log


@pytest.mark.usefixtures("kubectl")
def test_kustomization_is_rendered_by_kubectl(tmp_path: pathlib.Path) -> None:
    (tmp_path / "set.yml").write_text(config_map("a").removesuffix("---\n"))
    (tmp_path / "kustomization.yaml").write_text("resources: [set.yml]\nnamePrefix: my-\n")
    (document,) = _rendered.kustomization(str(tmp_path), os.environ)
    assert document.ref.name == "my-a"
    (tmp_path / "kustomization.yaml").write_text("resources: [nothing.yml]\n")
    with pytest.raises(KuberError, match=r"`kubectl kustomize .*` failed; found: exit code 1, .*nothing\.yml"):
        _rendered.kustomization(str(tmp_path), os.environ)


def test_chart_is_rendered_by_helm_without_its_hooks(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = config_map("before", annotations="helm.sh/hook: pre-install")
    log = helm(tmp_path, monkeypatch, config_map("a") + hook)
    chart = _rendered.chart(SPEC, CLUSTER, os.environ)
    assert [(one.ref.name, one.namespace) for one in chart.documents] == [("a", "shop")]
    assert chart.remarks == ("Of chart shop as mine, hooks and tests are left out: ConfigMap before (pre-install)",)
    called = log.read_text().splitlines()[0]
    assert called.startswith(
        "template mine shop --include-crds --namespace shop --version 1.2.3 --kube-version v1.99.1"
        " --api-versions v1 --api-versions shop.example.org/v1 --api-versions shop.example.org/v1/Till --values /"
    )


def test_chart_that_draws_values_at_random_is_refused_with_the_field(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = "echo 'apiVersion: v1'; echo 'kind: Secret'; echo 'metadata: {name: s}'; echo \"stringData: {p: x$$}\""
    helm(tmp_path, monkeypatch, config_map("a"), more=drawn)
    with pytest.raises(KuberError) as caught:
        _rendered.chart(SPEC, CLUSTER, os.environ)
    assert "each run would change the cluster; found: Secret s: stringData.p. " in str(caught.value)
    assert "release_values" in str(caught.value)


def test_what_helm_prints_is_reported(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helm(tmp_path, monkeypatch, "", more="echo 'Error: no such chart' >&2; exit 1")
    with pytest.raises(KuberError, match="`helm template mine` failed; found: exit code 1, Error: no such chart"):
        _rendered.chart(SPEC, CLUSTER, os.environ)


def test_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(KuberError, match="There is no program helm on this machine"):
        _rendered.chart(SPEC, CLUSTER, os.environ)


def test_chart_is_rendered_by_the_real_helm(tmp_path: pathlib.Path) -> None:
    if shutil.which("helm") is None:
        pytest.skip("needs helm")
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.2.3\nkubeVersion: '>=1.99.0'\n")
    (tmp_path / "values.yaml").write_text("value: b\n")
    kinds = '{{ .Capabilities.APIVersions.Has "shop.example.org/v1/Till" }}'
    template = config_map("{{ .Release.Name }}", f"'{{{{ .Values.value }}}}, {{{{ .Release.Namespace }}}}, {kinds}'")
    (tmp_path / "templates" / "set.yaml").write_text(template)
    spec = SPEC | {"chart_ref": str(tmp_path), "chart_version": None, "release_values": {"value": "c"}}
    (document,) = _rendered.chart(spec, CLUSTER, os.environ).documents
    assert (document.ref.name, document.body["data"]) == ("mine", {"a": "c, shop, true"})
