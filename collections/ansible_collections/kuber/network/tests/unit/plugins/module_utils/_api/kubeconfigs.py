# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubeconfig files for the tests, and what becomes of them."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._api import kubeconfig as _kubeconfig
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError


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


def load(path: str, **environ: str) -> _kubeconfig.Access:
    return _kubeconfig.load(kubeconfig=path, context=None, environ=environ)


def refused(path: str, **environ: str) -> str:
    with pytest.raises(KuberError) as caught:
        load(path, **environ)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def user_of(path: pathlib.Path, **user: t.Any) -> str:
    return write(path / "config", users=[{"name": "me", "user": user}])


def cluster_of(path: pathlib.Path, **cluster: t.Any) -> str:
    return write(
        path / "config", clusters=[{"name": "here", "cluster": {"server": "https://192.0.2.1:6443", **cluster}}]
    )
