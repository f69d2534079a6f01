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

from ansible_collections.kuber.network.plugins.module_utils._api import kubeconfig as _kubeconfig
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

from .kubeconfigs import load, refused, write


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
    with pytest.raises(KuberError, match=r"config(, document 1,)? (is not a kubeconfig file|cannot be read)"):
        Client.from_kubeconfig(kubeconfig=str(path), context=None)


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
        ({"token": "a", "tokenFile": "token"}, "Bearer from-file"),
        ({"token": "a", "tokenFile": "no-such-file"}, "Bearer a"),
        ({"token": "a", "tokenFile": "empty"}, "Bearer a"),
        ({"username": "me", "password": "secret"}, "Basic bWU6c2VjcmV0"),
        ({"token": "a", "username": "me", "password": "secret"}, "Bearer a"),
        ({}, None),
    ],
)
def test_credentials_become_the_header_that_kubectl_would_send(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, user: dict[str, t.Any], header: str | None
) -> None:
    (tmp_path / "token").write_text("from-file\n")
    (tmp_path / "empty").write_text("\n")
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
    with pytest.raises(KuberError, match=r"Context one .* neither a token nor a certificate with its key"):
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


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ({"contexts": {"one": {}}}, ["a list in contexts", "found: a mapping"]),
        ({"contexts": ["one"]}, ["a mapping in contexts[0]", "found: a string"]),
        ({"clusters": [{"name": "here", "cluster": "x"}]}, ["a mapping in clusters[0].cluster", "found: a string"]),
        ({"users": [{"name": 1, "user": {}}]}, ["a string in users[0].name", "found: a number", "in quotes"]),
        ({"users": [{"name": "me", "user": {"token": 123456}}]}, ["a string in users[0].user.token", "a number"]),
        ({"users": [{"name": "me", "user": {"exec": "x"}}]}, ["a mapping in users[0].user.exec", "found: a string"]),
        ({"users": [{"name": "me", "user": {"exec": {"args": "x"}}}]}, ["a list in users[0].user.exec.args"]),
        ({"users": [{"name": "me", "user": {"as-groups": "x"}}]}, ["a list in users[0].user.as-groups"]),
        ({"current-context": ["x"]}, ["a string in current-context", "found: a list"]),
        (
            {"clusters": [{"name": "here", "cluster": {"server": "https://a", "insecure-skip-tls-verify": "yes"}}]},
            ["true or false in clusters[0].cluster.insecure-skip-tls-verify", "found: a string"],
        ),
    ],
)
def test_other_forms_are_refused_in_one_sentence_with_file_and_field(
    tmp_path: pathlib.Path, content: dict[str, t.Any], parts: list[str]
) -> None:
    path = write(tmp_path / "config", **content)
    text = refused(path)
    assert "123456" not in text
    for part in (f"Kubeconfig {path} cannot be used", *parts):
        assert part in text


@pytest.mark.parametrize(
    "content",
    [
        {"users": [{"user": {"token": "unnamed"}}, {"name": "me", "user": {"token": "secret"}}]},
        {"users": [None, {"name": "me", "user": {"token": "secret"}}]},
        {
            "clusters": [
                {"cluster": {}},
                {"name": "here", "cluster": {"server": "https://192.0.2.1", "proxy-url": None}},
            ]
        },
        {"contexts": [{"context": None}, {"name": "one", "context": {"cluster": "here", "user": "me"}}]},
        {"preferences": "whatever", "extensions": [1]},
    ],
)
def test_what_is_not_needed_may_be_unnamed_or_empty(tmp_path: pathlib.Path, content: dict[str, t.Any]) -> None:
    assert load(write(tmp_path / "config", **content)).headers == {"Authorization": "Bearer secret"}


def test_empty_file_in_the_list_counts_as_none(tmp_path: pathlib.Path) -> None:
    for name, text in (("empty", ""), ("comment", "# nothing here\n"), ("marker", "---\n")):
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in ("empty", "comment", "marker")]
    path = write(tmp_path / "config")
    listed = ":".join([*files, path])
    assert _kubeconfig.load(kubeconfig=None, context=None, environ={"KUBECONFIG": listed}).context == "one"
    assert "has no current context" in refused(files[0])


def test_environment_that_is_given_counts_instead_of_that_of_the_process(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "config"))
    monkeypatch.setenv("HTTPS_PROXY", "http://of-the-process:1")
    mine = write(tmp_path / "mine", clusters=[{"name": "here", "cluster": {"server": "https://192.0.2.2"}}])
    access = _kubeconfig.load(kubeconfig=None, context=None, environ={"KUBECONFIG": mine})
    assert (access.server, access.proxy) == ("https://192.0.2.2", None)


@pytest.mark.parametrize("server", [" https://a:1", "https://a:99999", "https://a:x", "https://[::1", "https://"])
def test_server_that_is_not_a_url_is_refused(tmp_path: pathlib.Path, server: str) -> None:
    path = write(tmp_path / "config", clusters=[{"name": "here", "cluster": {"server": server}}])
    assert "expected: a URL such as https://host:6443" in refused(path)
