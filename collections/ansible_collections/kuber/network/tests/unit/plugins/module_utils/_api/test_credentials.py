# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

import pytest
import urllib3
import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError, Client

from .kubeconfigs import load, refused, user_of, write

VERSION = "client.authentication.k8s.io/v1"


def test_whoever_is_impersonated_is_named_in_the_headers(tmp_path: pathlib.Path) -> None:
    extra = {"example.org/why": ["drill", "test"], "scopes": ["view"]}
    path = user_of(
        tmp_path, **{"token": "a", "as": "Zoë", "as-uid": "42", "as-groups": ["one", "two"]}, **{"as-user-extra": extra}
    )
    headers = load(path).headers
    assert isinstance(headers, urllib3.HTTPHeaderDict)
    assert list(headers.iteritems()) == [
        ("Authorization", "Bearer a"),
        ("Impersonate-User", "Zoë".encode().decode("latin-1")),
        ("Impersonate-Uid", "42"),
        ("Impersonate-Group", "one"),
        ("Impersonate-Group", "two"),
        ("Impersonate-Extra-example.org%2Fwhy", "drill"),
        ("Impersonate-Extra-example.org%2Fwhy", "test"),
        ("Impersonate-Extra-scopes", "view"),
    ]


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({"as-groups": ["x"]}, "user me has as-uid, as-groups or as-user-extra, and no as"),
        ({"as": "x", "as-groups": [1]}, "as-groups of user me is not a list of strings"),
        ({"as": "x", "as-user-extra": {"a": "b"}}, "as-user-extra.a of user me is not a list of strings"),
        ({"as": "a\nb"}, "as, as-uid, as-groups or as-user-extra of user me has a line break"),
        ({"token": "hush\nhush"}, "the token or password of user me has a line break"),
        ({"tokenFile": "empty"}, "tokenFile of user me is empty"),
        ({"client-certificate-data": "%%%"}, "client-certificate-data of user me is not base64"),
    ],
)
def test_credentials_that_cannot_be_sent_are_refused_with_their_field(
    tmp_path: pathlib.Path, user: dict[str, t.Any], message: str
) -> None:
    (tmp_path / "empty").touch()
    text = refused(user_of(tmp_path, **user))
    assert message in text
    assert "hush" not in text


def test_groups_reach_the_server_one_by_one(api_server: t.Any, tmp_path: pathlib.Path) -> None:
    config = yaml.safe_load(api_server.kubeconfig.read_text())
    config["users"][0]["user"] |= {"as": "somebody", "as-groups": ["one", "two"], "as-user-extra": {"a/b": ["c"]}}
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    client = Client.from_kubeconfig(kubeconfig=str(path), context=None)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    user = client.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=review)["status"][
        "userInfo"
    ]
    assert user["username"] == "somebody"
    assert {"one", "two"} <= set(user["groups"])
    assert user["extra"] == {"a/b": ["c"]}
    with pytest.raises(ApiError, match='User "somebody" cannot create'):
        client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": "never"}}, patience=0)


@pytest.mark.parametrize("user", [{"token": "a"}, {"username": "a", "password": "b"}, {"as": "a"}])
@pytest.mark.parametrize(
    ("server", "sent"), [("http://192.0.2.1", False), ("192.0.2.1:80", False), ("https://192.0.2.1", True)]
)
def test_credentials_are_sent_over_tls_only(
    tmp_path: pathlib.Path, user: dict[str, t.Any], server: str, sent: bool
) -> None:
    path = write(
        tmp_path / "config",
        clusters=[{"name": "here", "cluster": {"server": server}}],
        users=[{"name": "me", "user": user}],
    )
    assert bool(load(path).headers) is sent


def program(directory: pathlib.Path, script: str) -> str:
    path = directory / "mint"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "parts"),
    [
        ("echo 'Session expired: log in again' >&2; exit 3", ["mint", "exit code 3", "Session expired: log in again"]),
        ("exit 1", ["mint", "exit code 1", "it said: nothing"]),
        ("echo hush-hush", ["mint", "printed no ExecCredential"]),
        ('echo \'{"kind": "ExecCredential", "apiVersion": "x/v9"}\'', ["mint", "version x/v9", VERSION]),
        ("kill -9 $$", ["mint", "exit code -9"]),
    ],
)
def test_credential_helper_that_fails_is_named_with_its_words(
    tmp_path: pathlib.Path, script: str, parts: list[str]
) -> None:
    command = program(tmp_path, script)
    text = refused(user_of(tmp_path, exec={"apiVersion": VERSION, "command": command, "installHint": "Never."}))
    assert "hush" not in text
    for part in parts:
        assert part in text


def test_credential_helper_that_is_not_there_is_named_with_its_hint(tmp_path: pathlib.Path) -> None:
    hint = "Get it from example.org"
    text = refused(user_of(tmp_path, exec={"apiVersion": VERSION, "command": "no-such-mint", "installHint": hint}))
    assert f"no-such-mint of user me cannot be run: No such file or directory. {hint}" in text


def test_credential_helper_is_given_what_it_asks_for(tmp_path: pathlib.Path) -> None:
    answer = {"apiVersion": VERSION, "kind": "ExecCredential", "status": {"token": "$1-$PLACE-$AROUND"}}
    program(tmp_path, f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info\ncat <<E\n{json.dumps(answer)}\nE')
    config = {
        "apiVersion": VERSION,
        # From the directory of the kubeconfig.
        "command": "./mint",
        "args": ["first"],
        "env": [{"name": "PLACE", "value": "here"}],
        "provideClusterInfo": True,
    }
    path = user_of(tmp_path, exec=config)
    assert load(path, AROUND="outside", PATH="/usr/bin:/bin").headers == {"Authorization": "Bearer first-here-outside"}
    info = json.loads((tmp_path / "info").read_text())
    assert info["spec"] == {"interactive": False, "cluster": {"server": "https://127.0.0.1:1"}}


def test_token_comes_before_the_helper(tmp_path: pathlib.Path) -> None:
    broken = {"apiVersion": VERSION, "command": "no-such-mint"}
    assert load(user_of(tmp_path, token="a", exec=broken)).headers == {"Authorization": "Bearer a"}


@pytest.mark.parametrize("key", ["BearerToken", "authorization"])
def test_token_of_an_identity_provider_is_found_whatever_the_library_calls_it(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    def load_kube_config(*, client_configuration: t.Any, **_options: t.Any) -> None:
        client_configuration.api_key[key] = "Bearer minted"

    monkeypatch.setattr("kubernetes.config.load_kube_config", load_kube_config)
    path = user_of(tmp_path, **{"auth-provider": {"name": "oidc", "config": {}}})
    assert load(path).headers == {"Authorization": "Bearer minted"}


def test_library_that_is_missing_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes.client", None)
    text = refused(user_of(tmp_path, **{"auth-provider": {"name": "oidc", "config": {}}}))
    assert "needs the Python library kubernetes" in text
    assert "pip install kubernetes" in text


def test_provider_that_the_library_chokes_on_is_reported(tmp_path: pathlib.Path) -> None:
    text = refused(user_of(tmp_path, **{"auth-provider": {"name": "gcp"}}))
    assert "the auth-provider of user" in text
    assert "failed: the library says" in text
