# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pathlib
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api import ambient
from ansible_collections.kuber.network.plugins.module_utils._api import kubeconfig as _kubeconfig
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

from .kubeconfigs import load, user_of, write


@pytest.fixture(autouse=True)
def home(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A home without a kubeconfig, on a machine that is no pod."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(ambient, "ACCOUNT", tmp_path / "account")
    return tmp_path


def without_file(**environ: str) -> _kubeconfig.Access:
    return _kubeconfig.load(kubeconfig=None, context=None, environ=environ)


def k8s_auth(**values: str) -> dict[str, str]:
    return {f"K8S_AUTH_{name.upper()}": value for name, value in values.items()}


@pytest.mark.parametrize(
    ("given", "headers"),
    [
        ({"api_key": "a"}, {"Authorization": "Bearer a"}),
        ({"username": "me", "password": "pw"}, {"Authorization": "Basic bWU6cHc="}),
        ({"impersonate_user": "other"}, {"Authorization": "Bearer of-the-file", "Impersonate-User": "other"}),
        (
            {"api_key": "a", "impersonate_user": "other", "impersonate_groups": "x, y"},
            {"Authorization": "Bearer a", "Impersonate-User": "other", "Impersonate-Group": "x, y"},
        ),
    ],
)
def test_variables_of_kubernetes_core_count_before_the_kubeconfig(
    tmp_path: pathlib.Path, given: dict[str, str], headers: dict[str, str]
) -> None:
    (tmp_path / "token").write_text("of-the-file")
    path = user_of(tmp_path, tokenFile="token")
    access = load(path, **k8s_auth(host="https://192.0.2.9:6443", proxy="http://proxy:1", verify_ssl="no", **given))
    assert dict(access.headers) == headers
    assert (access.server, access.proxy, access.namespace) == ("https://192.0.2.9:6443", "http://proxy:1", "shop")
    assert access.tls is not None
    assert not access.tls.check_hostname


def test_kubeconfig_and_context_may_be_named_by_variables(tmp_path: pathlib.Path) -> None:
    path = write(tmp_path / "config")
    access = without_file(KUBECONFIG="/no/such/file", **k8s_auth(kubeconfig=path, context="two"))
    assert access.context == "two"


def test_host_is_enough_where_there_is_no_kubeconfig() -> None:
    access = without_file(**k8s_auth(host="https://192.0.2.9:6443", api_key="a"))
    assert (access.server, dict(access.headers)) == ("https://192.0.2.9:6443", {"Authorization": "Bearer a"})


@pytest.mark.parametrize(
    ("host", "server"), [("10.96.0.1", "https://10.96.0.1:443"), ("fd00::1", "https://[fd00::1]:443")]
)
@pytest.mark.usefixtures("webhook")
def test_pod_uses_its_account(tmp_path: pathlib.Path, host: str, server: str) -> None:
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(KuberError, match="There is no kubeconfig file"):
        without_file(**environ)
    account = tmp_path / "account"
    account.mkdir()
    (account / "ca.crt").write_bytes((tmp_path / "webhook.crt").read_bytes())
    (account / "token").write_text("of-the-pod\n")
    (account / "namespace").write_text("shop\n")
    access = without_file(**environ)
    assert (access.server, access.namespace) == (server, "shop")
    assert dict(access.headers) == {"Authorization": "Bearer of-the-pod"}
    with_file = without_file(**environ, KUBECONFIG=write(tmp_path / "config"))
    assert with_file.context == "one"


def test_files_of_variables_start_from_the_current_directory(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, t.Any] = k8s_auth(cert_file="mine.crt")
    with pytest.raises(KuberError, match=rf"{tmp_path}/mine\.crt"):
        load(write(tmp_path / "config"), **names)
