# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t
import urllib.parse

import pytest

from ansible_collections.kuber.network.plugins.module_utils._api import kubeconfig as _kubeconfig
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._kube import related
from ansible_collections.kuber.network.plugins.module_utils._kube.related import RelatedObjects
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving, url_of

POD = {"metadata": {"name": "web-1", "namespace": "shop"}}


class Kubelet:
    """An API server that knows the logs of one pod and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        kubelet = self

        class Answers(Handler):
            def do_GET(self) -> None:
                kubelet.asked.append(self.path)
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                known = query["previous"] == ["true"]
                content = (
                    b"no such file\n\npanic: no page \n" if known else b'{"kind": "Status", "message": "not found"}'
                )
                self.answer(content, status=200 if known else 400)

        self.http = http_server(Answers)


@pytest.fixture
def kubelet() -> t.Iterator[Kubelet]:
    one = Kubelet()
    with serving(one.http):
        yield one


def around(server: Kubelet) -> RelatedObjects:
    access = _kubeconfig.Access(url_of(server.http), "here", "default", {}, None, None, None)
    return RelatedObjects(Client(lambda: access), patience=0)


def test_last_lines_of_the_run_before_are_read(kubelet: Kubelet) -> None:
    assert around(kubelet).log(POD, "web", previous=True) == ["no such file", "panic: no page"]
    path = "/api/v1/namespaces/shop/pods/web-1/log"
    assert kubelet.asked == [f"{path}?container=web&previous=true&tailLines={related.LOG_LINES}"]


def test_log_that_is_not_there_has_no_lines(kubelet: Kubelet) -> None:
    assert around(kubelet).log(POD, "web", previous=False) == []
