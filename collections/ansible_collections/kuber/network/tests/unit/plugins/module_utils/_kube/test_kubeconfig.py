# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import pathlib
import subprocess
import sys
import tempfile
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import kubeconfig as _kubeconfig
from ansible_collections.kuber.network.plugins.module_utils._kube.transport import Client


def write(path: pathlib.Path, **changes: t.Any) -> str:
    content: dict[str, t.Any] = {
        "current-context": "one",
        "clusters": [{"name": "here", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": {"token": "secret"}}],
        "contexts": [
            {"name": "one", "context": {"cluster": "here", "user": "me", "namespace": "shop"}},
            {"name": "two", "context": {"cluster": "here", "user": "me"}},
            {"name": "broken", "context": {"cluster": "nowhere", "user": "me"}},
        ],
    }
    path.write_text(yaml.safe_dump(content | changes))
    return str(path)


def test_namespace_and_server_are_those_of_the_named_context(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "config")
    first = Client.from_kubeconfig(kubeconfig=path, context=None)
    second = Client.from_kubeconfig(kubeconfig=path, context="two")
    assert (first.context, first.namespace, first.server) == ("one", "shop", "https://127.0.0.1:1")
    assert (second.context, second.namespace) == ("two", "default")


def test_files_of_the_environment_count_together(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing"
    other = write(tmp_path / "b", contexts=[{"name": "three", "context": {"cluster": "here", "namespace": "b"}}])
    monkeypatch.setenv("KUBECONFIG", f"{missing}:{write(tmp_path / 'a')}:{other}")
    assert Client.from_kubeconfig(kubeconfig=None, context="three").namespace == "b"
    assert Client.from_kubeconfig(kubeconfig=None, context=None).context == "one"


@pytest.mark.parametrize(
    ("context", "changes", "parts"),
    [
        ("four", {}, ["wanted: four", "found: broken, one, two"]),
        (None, {"current-context": ""}, ["no current context", "broken, one, two"]),
        ("broken", {}, ["Context broken", "nowhere"]),
        ("one", {"contexts": []}, ["no context at all"]),
        ("one", {"users": []}, ["there is no user me"]),
        ("one", {"clusters": [{"name": "here", "cluster": {}}]}, ["cluster here has no server"]),
        ("one", {"users": [{"name": "me", "user": {"client-certificate": "/no/such/file"}}]}, ["/no/such/file"]),
    ],
)
def test_context_that_cannot_be_used_is_refused(
    tmp_path: pathlib.Path, context: str | None, changes: dict[str, t.Any], parts: list[str]
) -> None:
    path = write(tmp_path / "config", **changes)
    with pytest.raises(KuberError) as caught:
        Client.from_kubeconfig(kubeconfig=path, context=context)
    for part in (path, *parts):
        assert part in str(caught.value)


@pytest.mark.parametrize("content", ["just a text", "a: [", b"\xff\xfe\x00", "- a list"])
def test_file_that_is_no_kubeconfig_is_refused(tmp_path: pathlib.Path, content: str | bytes) -> None:
    path = tmp_path / "config"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(KuberError, match=r"Kubeconfig .*config (is no kubeconfig|cannot be read)"):
        Client.from_kubeconfig(kubeconfig=str(path), context=None)


@pytest.mark.parametrize(
    ("server", "no_proxy", "through"),
    [
        ("https://192.168.99.134:8443", "", True),
        ("https://192.168.99.134:8443", "192.168.99.0/24", False),
        ("https://192.168.99.134:8443", "10.0.0.0/8, 192.168.99.134", False),
        ("https://192.168.99.134:8443", "192.168.49.0/24", True),
        ("https://127.0.0.1:8443", "", False),
        ("https://localhost:8443", "", False),
        ("https://api.example.org:6443", "example.org", False),
        ("https://api.example.org:6443", "example.com,10.0.0.0/8", True),
    ],
)
def test_proxy_of_the_environment_is_used_unless_the_server_is_exempt(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, server: str, no_proxy: str, through: bool
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    monkeypatch.setenv("no_proxy", no_proxy)
    path = write(tmp_path / "config", clusters=[{"name": "here", "cluster": {"server": server}}])
    access = _kubeconfig.load(kubeconfig=path, context=None)
    assert access.proxy == ("http://proxy.example.org:3128" if through else None)


def test_own_proxy_of_the_cluster_is_used_whoever_is_exempt(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    cluster = {"server": "https://127.0.0.1:1", "proxy-url": "http://proxy.example.org:3128"}
    path = write(tmp_path / "config", clusters=[{"name": "here", "cluster": cluster}])
    assert _kubeconfig.load(kubeconfig=path, context=None).proxy == "http://proxy.example.org:3128"


def helper(directory: pathlib.Path, answer: dict[str, t.Any]) -> dict[str, t.Any]:
    """A user whose credentials a program makes."""
    program = directory / "helper"
    credential = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": answer}
    program.write_text(f"#!/bin/sh\necho '{json.dumps(credential)}'\n")
    program.chmod(0o755)
    return {"exec": {"apiVersion": credential["apiVersion"], "command": str(program), "interactiveMode": "Never"}}


@pytest.mark.parametrize(
    ("user", "header"),
    [
        ({"token": "a"}, "Bearer a"),
        ({"tokenFile": "token"}, "Bearer from-file"),
        ({"token": "a", "tokenFile": "token"}, "Bearer a"),
        ({"username": "me", "password": "secret"}, "Basic bWU6c2VjcmV0"),
        ({"token": "a", "username": "me", "password": "secret"}, "Bearer a"),
        ({}, None),
    ],
)
def test_credentials_become_the_header_that_kubectl_would_send(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, user: dict[str, t.Any], header: str | None
) -> None:
    (tmp_path / "token").write_text("from-file\n")
    path = write(tmp_path / "config", users=[{"name": "me", "user": user}])
    # Paths of a kubeconfig start from where it is, not from where we are.
    monkeypatch.chdir("/")
    assert _kubeconfig.load(kubeconfig=path, context=None).headers.get("Authorization") == header


@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize("with_key", [False, True])
@pytest.mark.usefixtures("webhook")
def test_certificate_needs_its_key(tmp_path: pathlib.Path, embedded: bool, with_key: bool) -> None:
    files = {"client-certificate": tmp_path / "webhook.crt"} | (
        {"client-key": tmp_path / "webhook.key"} if with_key else {}
    )
    if embedded:
        user = {f"{field}-data": base64.b64encode(file.read_bytes()).decode() for field, file in files.items()}
    else:
        user = {field: file.name for field, file in files.items()}
    path = write(tmp_path / "config", users=[{"name": "me", "user": user}])
    if with_key:
        assert _kubeconfig.load(kubeconfig=path, context=None).tls is not None
    else:
        with pytest.raises(KuberError, match=r"Context one .* cannot be used"):
            _kubeconfig.load(kubeconfig=path, context=None)


def test_credential_helper_is_run(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "config", users=[{"name": "me", "user": helper(tmp_path, {"token": "made"})}])
    assert _kubeconfig.load(kubeconfig=path, context=None).headers == {"Authorization": "Bearer made"}


def test_credential_helper_that_makes_nothing_is_an_error(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "config", users=[{"name": "me", "user": helper(tmp_path, {})}])
    with pytest.raises(KuberError, match=r"Context one .* has made neither a token nor a certificate"):
        _kubeconfig.load(kubeconfig=path, context=None)


def test_what_only_credential_helpers_need_is_not_imported_for_others(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "config")
    script = f"""
import sys
sys.path[:0] = {sys.path!r}
from {_kubeconfig.__name__} import load
load(kubeconfig={path!r}, context=None)
print("kubernetes" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_missing_file_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KuberError, match=f"no kubeconfig file; wanted: {tmp_path}/none"):
        Client.from_kubeconfig(kubeconfig=f"{tmp_path}/none", context=None)


def test_embedded_keys_leave_no_file_behind(
    api_server: t.Any, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    config = yaml.safe_load(api_server.kubeconfig.read_text())
    certificate = base64.b64encode(api_server.ca.read_bytes()).decode()
    config["clusters"][0]["cluster"] = {"server": api_server.server, "certificate-authority-data": certificate}
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    for _again in range(2):
        assert Client.from_kubeconfig(kubeconfig=str(path), context=None).get("/version")["major"] == "1"
    assert list(scratch.iterdir()) == []
