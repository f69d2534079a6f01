# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import threading
import time
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils import _timing
from ansible_collections.kuber.network.plugins.module_utils._api import kubeconfig as _kubeconfig
from ansible_collections.kuber.network.plugins.module_utils._api import watch
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._api.watch import Collection, Watches
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving, url_of

if t.TYPE_CHECKING:
    from .._kube.conftest import Cluster


def until(watches: Watches, holds: t.Callable[[], bool], seconds: float = 10) -> None:
    """Take in news until something is so."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it does not come to be so"
        watches.news(0.1)


def names(watches: Watches, path: str) -> set[str]:
    return {body["metadata"]["name"] for body in watches.all(path)}


def create(cluster: Cluster, name: str) -> None:
    cluster.client.request("POST", cluster.path("secrets"), body={"metadata": {"name": name}})


def test_objects_and_what_becomes_of_them_are_known(cluster: Cluster) -> None:
    path = cluster.path("secrets")
    create(cluster, "old")
    with Watches(cluster.client, [Collection(path)]) as watches:
        until(watches, lambda: names(watches, path) == {"old"})
        create(cluster, "new")
        until(watches, lambda: names(watches, path) == {"old", "new"})
        body = {"data": {"key": "eA=="}}
        cluster.client.request("PATCH", f"{path}/new", body=body, content_type="application/merge-patch+json")
        until(watches, lambda: (watches.find(path, "new") or {}).get("data") == body["data"])
        found = watches.find(path, "old") or {}
        assert (found["apiVersion"], found["kind"]) == ("v1", "Secret")
        cluster.client.request("DELETE", f"{path}/old")
        until(watches, lambda: names(watches, path) == {"new"})


def test_one_object_can_be_watched_alone(cluster: Cluster) -> None:
    path = cluster.path("secrets")
    for name in ("mine", "other"):
        create(cluster, name)
    with Watches(cluster.client, [Collection(path, "mine")]) as watches:
        until(watches, lambda: watches.is_known(path))
        create(cluster, "third")
        watches.news(0.5)
        assert names(watches, path) == {"mine"}


def test_number_of_requests_does_not_grow_with_objects_and_changes(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PAGE", 2)
    path = cluster.path("secrets")
    for number in range(5):
        create(cluster, f"old-{number}")
    before = cluster.client.requests
    with Watches(cluster.client, [Collection(path)]) as watches:
        until(watches, lambda: len(names(watches, path)) == 5)
        for number in range(5):
            create(cluster, f"new-{number}")
        until(watches, lambda: len(names(watches, path)) == 10)
    after = cluster.client.requests
    assert {verb: after[verb] - before.get(verb, 0) for verb in ("GET", "WATCH")} == {"GET": 3, "WATCH": 1}


def test_kind_that_is_not_served_has_no_objects(cluster: Cluster) -> None:
    path = f"/apis/metallb.io/v1beta1/namespaces/{cluster.namespace}/configurationstates"
    with Watches(cluster.client, [Collection(path)]) as watches:
        until(watches, lambda: watches.is_known(path))
        assert watches.all(path) == []
        assert watches.error is None


def test_nothing_is_left_behind(cluster: Cluster) -> None:
    paths = [cluster.path(plural) for plural in ("secrets", "configmaps", "services", "pods")]
    with Watches(cluster.client, [Collection(path) for path in paths]) as watches:
        until(watches, lambda: all(watches.is_known(path) for path in paths))
        # Now all of them hang in a read that has nothing to read.
        time.sleep(0.5)
        started = time.monotonic()
    assert time.monotonic() - started < 10
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("watch")] == []


def test_watch_is_taken_up_again_where_it_was(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "WATCH_SECONDS", 1)
    path = cluster.path("secrets")
    before = cluster.client.requests
    with Watches(cluster.client, [Collection(path)]) as watches:
        until(watches, lambda: watches.is_known(path))
        time.sleep(3)
        create(cluster, "late")
        until(watches, lambda: names(watches, path) == {"late"})
        assert watches.error is None
    after = cluster.client.requests
    assert after["WATCH"] - before.get("WATCH", 0) >= 3
    assert after["GET"] - before.get("GET", 0) == 1


class Script:
    """An API server of one collection that says what it is told to, answer after answer."""

    def __init__(self) -> None:
        self.lists: list[tuple[int, t.Any]] = []
        self.watches: list[tuple[int, t.Any]] = []
        self.versions: list[str | None] = []
        script = self

        class Answers(Handler):
            def do_GET(self) -> None:
                is_watch = "watch=true" in self.path
                if is_watch:
                    script.versions.append(self.path.partition("resourceVersion=")[2].partition("&")[0])
                answers = script.watches if is_watch else script.lists
                status, content = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for part in content if isinstance(content, list) else [content]:
                    data = json.dumps(part).encode() + b"\n"
                    self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

        self.server = http_server(Answers)
        access = _kubeconfig.Access(url_of(self.server), "here", "default", {}, None, None, None)
        self.client = Client(lambda: access)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Script]:
    monkeypatch.setattr(_timing, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.05)
    one = Script()
    with serving(one.server):
        yield one


def listing(version: str, *names: str) -> tuple[int, t.Any]:
    items = [{"metadata": {"name": name}} for name in names]
    return 200, {"apiVersion": "v1", "kind": "ThingList", "metadata": {"resourceVersion": version}, "items": items}


def event(kind: str, version: str, name: str = "") -> dict[str, t.Any]:
    return {"type": kind, "object": {"metadata": {"name": name, "resourceVersion": version}}}


def refusal(status: int, message: str = "no") -> tuple[int, t.Any]:
    return status, {"kind": "Status", "code": status, "message": message}


GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}


def test_bookmarks_move_the_version_on(script: Script) -> None:
    script.lists = [listing("1")]
    script.watches = [(200, [event("ADDED", "5", "a"), event("BOOKMARK", "9")]), (200, [])]
    with Watches(script.client, [Collection("/things")]) as watches:
        until(watches, lambda: len(script.versions) > 2)
    assert script.versions[:3] == ["1", "9", "9"]


@pytest.mark.parametrize("too_old", [(200, [GONE]), refusal(410), refusal(401)])
def test_version_that_is_too_old_is_listed_again(script: Script, too_old: tuple[int, t.Any]) -> None:
    script.lists = [listing("1", "a", "b"), listing("7", "b", "c")]
    script.watches = [too_old, (200, [])]
    with Watches(script.client, [Collection("/things")]) as watches:
        until(watches, lambda: names(watches, "/things") == {"b", "c"})
        until(watches, lambda: "7" in script.versions)
    assert script.versions[:2] == ["1", "7"]


@pytest.mark.parametrize("passing", [refusal(503), refusal(500, "etcdserver: leader changed"), refusal(429)])
def test_trouble_that_passes_is_reported_and_outlived(script: Script, passing: tuple[int, t.Any]) -> None:
    script.lists = [listing("1", "a"), passing, passing, passing, listing("3", "b")]
    script.watches = [passing, (200, [])]
    errors = set()
    with Watches(script.client, [Collection("/things")]) as watches:
        deadline = time.monotonic() + 10
        while names(watches, "/things") != {"b"} and time.monotonic() < deadline:
            watches.news(0.01)
            errors.add(watches.error is not None)
        assert watches.error is None
    assert errors == {True, False}


def test_what_may_be_listed_but_not_watched_is_listed_again(script: Script) -> None:
    script.lists = [listing("1"), listing("2"), listing("3", "a")]
    script.watches = [refusal(403)]
    with Watches(script.client, [Collection("/things")]) as watches:
        until(watches, lambda: names(watches, "/things") == {"a"})


def test_what_may_not_be_listed_is_an_error(script: Script) -> None:
    script.lists = [refusal(403, 'things is forbidden: User "tester" cannot list resource "things"')]
    with Watches(script.client, [Collection("/things")]) as watches, pytest.raises(KuberError) as caught:
        until(watches, lambda: False)
    assert 'User "tester" cannot list resource "things"' in str(caught.value)
    assert "Give the user of context here this permission" in str(caught.value)
