# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine behind an HTTP fault proxy: it converges, or says in clear words what was in the way, in time.

Faults befall 30 % of the requests (in the short form those of seven kinds), then, of every kind, all of them.
KUBER_SOAK=N runs N seeds of every kind with stalls of 30 seconds (see campaign.py).
"""

from __future__ import annotations

import itertools
import pathlib
import re
import time
import types
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils import _timing
from ansible_collections.kuber.network.plugins.module_utils._api import transport
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import deletion, wait
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import from_definition
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import DesiredSet, Run
from ansible_collections.kuber.network.plugins.module_utils._kube.ignore import Rule
from ansible_collections.kuber.network.plugins.module_utils._kube.prune import Prune
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Target
from ansible_collections.kuber.network.plugins.module_utils._proxy import proxy_rollout
from ansible_collections.kuber.network.plugins.module_utils._proxy.kube_proxy import ProxyConfig
from ansible_collections.kuber.network.tests.unit.plugins.faults.campaign import RATE, SEEDS, SOAK, Figures
from ansible_collections.kuber.network.tests.unit.plugins.faults.http_proxy import FAULTS, Fault, Proxy

# How long a run may take, and one request of it.
LIMIT = 120.0 if SOAK else 20.0
REQUEST_SECONDS = 30.0 if SOAK else 0.2
# A run may end its last request, and say what it has met, after its time is up.
AFTER_SECONDS = 2 * transport.SHORTEST_SECONDS + 1
MERGE = "application/merge-patch+json"
OTHER = "somebody-else"

# Python tells of a reset as of an end, when it happens below TLS.
GONE = "connection reset by peer|the connection was closed (before an answer|in the middle of the answer)"
# In the long form a silent server hangs up when we are just about to.
SILENT = r"no answer for [\d.]+ s" + (f"|{GONE}" if SOAK else "")
# What an error must tell of each kind of fault.
MET = {
    "429": "429 TooManyRequests",
    "429 with Retry-After": "429 TooManyRequests",
    "500 that passes": "500 InternalError, etcdserver: leader changed",
    "500 of unknown cause": "500 InternalError, something is wrong inside",
    "503": "503 ServiceUnavailable",
    "reset before it is done": GONE,
    "reset after it is done": GONE,
    "reset mid-body": GONE,
    "truncated JSON": r"\d+ bytes that are not complete JSON",
    "stall": SILENT,
    "stall mid-body": SILENT,
    "401": "401 Unauthorized",
    "expired token": "401 Unauthorized",
    "TLS handshake cut": "the TLS connection was cut off",
    "foreign certificate": "is not trusted.*self-signed certificate",
}
# What the API server has in the end, of objects that have no data their names.
DATA = {
    "colors": {"color": "red", "left": "to others"},
    "one": {"a": "1"},
    "two": {"b": "2"},
    "leftover": None,
    "record": None,
    "key": {"key": "aHVzaC1odXNo"},
    "web": None,
}
# The other kinds take the same ways through the client as one of these; the long form has them all.
SHORT = (
    "429 with Retry-After",
    "500 that passes",
    "reset after it is done",
    "truncated JSON",
    "stall mid-body",
    "expired token",
    "foreign certificate",
)
STORIES = [fault for fault in FAULTS if SOAK or fault.name in SHORT]
# Minutes of silence are spent once only.
DRAWS = [(fault, seed) for fault in STORIES for seed in SEEDS if seed == 0 or not fault.name.startswith("stall")]
# A definition takes seconds until its kind is served, so the short form has one with one fault only.
WITH_A_NEW_KIND = ("truncated JSON",)
_numbers = itertools.count(1)
every_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    if not SOAK:
        monkeypatch.setattr(_timing, "FIRST_PAUSE", 0.02)
        monkeypatch.setattr(deletion, "POLL_SECONDS", 0.1)
        monkeypatch.setattr(wait, "CONFIRM_SECONDS", 0.1)


@pytest.fixture(scope="module")
def truth(api_server: t.Any) -> Client:
    """The way to the API server on which nothing fails."""
    return Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")


class Story:
    """A set of objects on its way through the proxy, and what the API server really has of it."""

    def __init__(self, proxy: Proxy, truth: Client, figures: Figures, *, new_kind: bool = True) -> None:
        self.proxy = proxy
        self.new_kind = new_kind
        self.reasons: dict[str, str | None] = {}
        self.name = f"faults-{next(_numbers)}"
        self._truth = truth
        self._figures = figures

    def objects(
        self,
        *,
        color: str = "red",
        leftover: bool = True,
        labels: t.Mapping[str, str] = types.MappingProxyType({"app": "web"}),
        more: t.Sequence[t.Any] = (),
    ) -> list[dict[str, t.Any]]:
        group = f"{self.name}.example.org"
        names = {"plural": "things", "singular": "thing", "kind": "Thing"}
        schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
        version = {"name": "v1", "served": True, "storage": True, "schema": schema}
        definition = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
        pod = {"metadata": {"labels": dict(labels)}, "spec": {"containers": [{"name": "web", "image": "web"}]}}
        deployment = {"replicas": 0, "selector": {"matchLabels": dict(labels)}, "template": pod}
        maps = [("colors", {"color": color, "left": "to others"}), ("one", {"a": "1"}), ("two", {"b": "2"})]
        maps += [("leftover", {})] if leftover else []
        kind = [
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": f"things.{group}"},
                "spec": definition,
            },
            {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "thing"}, "spec": {"size": 1}},
        ]
        return [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}},
            *(kind if self.new_kind else []),
            *({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": n}, "data": data} for n, data in maps),
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"key": "hush-hush"}},
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": deployment},
            *more,
        ]

    def run(
        self,
        *,
        rate: float,
        limit: float = LIMIT,
        present: bool = True,
        recreate: bool = False,
        record: bool = True,
        **objects: t.Any,
    ) -> dict[str, str]:
        """What became of each object; raise what a user would be told."""
        client = Client.from_kubeconfig(
            kubeconfig=str(self.proxy.kubeconfig), context="loopback", timeout=REQUEST_SECONDS
        )
        wish = DesiredSet(
            documents=tuple(from_definition(self.objects(**objects))),
            namespace=self.name,
            present=present,
            # Custom resources, their definitions and namespaces go when the garbage collector comes by, half a minute
            # later; so they stay.
            exclude=() if present else tuple(Target(kind) for kind in self.slow_to_go),
            ignore=(Rule.of(Target("ConfigMap", "colors"), ["/data/left"]),) if present else (),
            prune=Prune("record") if present and record else None,
            options=Options(recreate=(Target("Deployment"),) if recreate else ()),
            wait_timeout=limit,
        )
        self.proxy.rate = rate
        try:
            outcome = Run(client, wish, lambda line: None).execute()
        finally:
            self.proxy.rate = 0.0
        if outcome.error is not None:
            raise outcome.error
        self.reasons = {entry.ref.name: entry.reason for entry in outcome.changes.entries}
        return {entry.ref.name: entry.action.value for entry in outcome.changes.entries}

    @property
    def slow_to_go(self) -> tuple[str, ...]:
        return ("Namespace", "CustomResourceDefinition", "Thing") if self.new_kind else ("Namespace",)

    def attempt(self, **wishes: t.Any) -> dict[str, str] | None:
        """The same among faults, ``None`` when it ended in an error, which is clear and comes in time."""
        started = time.monotonic()
        try:
            with self._figures.run():
                return self.run(rate=RATE, **wishes)
        except KuberError as exc:
            refuse_unclear(exc, self.proxy)
            return None
        finally:
            assert time.monotonic() - started < LIMIT + AFTER_SECONDS

    def state(self) -> dict[str, t.Any]:
        """What the API server has of each object: identity, generation, content, and who has written to it."""
        found: dict[str, t.Any] = {}
        paths = [f"/api/v1/namespaces/{self.name}/{plural}" for plural in ("configmaps", "secrets")]
        paths.append(f"/apis/apps/v1/namespaces/{self.name}/deployments")
        if self.new_kind:
            paths.append(f"/apis/{self.name}.example.org/v1/namespaces/{self.name}/things")
        for path in paths:
            for body in self._truth.list(path):
                metadata = body["metadata"]
                if metadata["name"] == "kube-root-ca.crt":
                    continue
                content = {key: body[key] for key in ("data", "spec") if key in body}
                writers = sorted(one["manager"] for one in metadata["managedFields"] if "subresource" not in one)
                found[metadata["name"]] = (metadata["uid"], metadata.get("generation"), content, writers)
        return found

    def write_as_somebody_else(self) -> None:
        """Take over the field that the set leaves to others."""
        path = f"/api/v1/namespaces/{self.name}/configmaps/colors"
        body = {"data": {"left": "alone"}}
        self._truth.request("PATCH", path, query={"fieldManager": OTHER}, body=body, content_type=MERGE)


def refuse_unclear(error: KuberError, proxy: Proxy) -> None:
    """An error must name the server or its context, what was met, and what to do."""
    text = str(error)
    assert "context loopback" in text or proxy.server.removeprefix("https://") in text, text
    assert re.search(MET[proxy.fault.name], text, re.DOTALL), text
    # Where several objects have failed, each line has a remedy of its own.
    lines = text.splitlines()[1:]
    assert error.remedy or (lines and all(re.search(r"\. \S", line) for line in lines)), text
    assert "hush-hush" not in text


@pytest.fixture
def proxy(api_server: t.Any, tmp_path: pathlib.Path, fault: Fault, seed: int) -> t.Iterator[Proxy]:
    with Proxy(api_server, tmp_path, fault, rate=0.0, seed=seed) as one:
        if not SOAK:
            one.retry_after = "0.1"
        yield one


@pytest.mark.parametrize(
    ("fault", "seed"), DRAWS, ids=[f"{fault.name.replace(' ', '-')}-{seed}" for fault, seed in DRAWS]
)
def test_a_set_converges_or_the_error_is_clear(
    proxy: Proxy, truth: Client, figures: t.Mapping[str, Figures], fault: Fault, seed: int
) -> None:
    counted = figures[f"API server, {fault.name}"]
    story = Story(proxy, truth, counted, new_kind=bool(SOAK) or fault.name in WITH_A_NEW_KIND)

    made = story.attempt()
    assert made is None or set(made.values()) == {"created"}
    story.run(rate=0.0)
    first = story.state()
    things = {"thing"} if story.new_kind else set()
    assert {name: one[2].get("data") for name, one in first.items() if name not in things} == DATA
    assert first.keys() == DATA.keys() | things

    again = story.attempt()
    assert again is None or set(again.values()) == {"unchanged"}
    assert story.state() == first

    story.write_as_somebody_else()
    changed = story.attempt(color="blue", leftover=False)
    if changed is not None:
        assert {name: action for name, action in changed.items() if action != "unchanged"} == {
            "colors": "configured",
            "leftover": "deleted",
        }
    story.run(rate=0.0, color="blue", leftover=False)
    second = story.state()
    assert second["colors"][2] == {"data": {"color": "blue", "left": "alone"}}
    assert {name: one[0] for name, one in second.items()} == {
        name: one[0] for name, one in first.items() if name != "leftover"
    }

    deleted = story.attempt(present=False, leftover=False)
    story.run(rate=0.0, present=False, leftover=False)
    assert deleted is None or set(deleted.values()) == {"deleted"}
    assert story.state().keys() == {"record"} | things
    counted.injected += proxy.injected


@pytest.mark.parametrize("seed", [0])
@every_fault
def test_nothing_but_faults_end_in_a_clear_error_in_time(proxy: Proxy, truth: Client, fault: Fault) -> None:
    story = Story(proxy, truth, Figures(), new_kind=False)
    started = time.monotonic()
    with pytest.raises(KuberError) as caught:
        story.run(rate=1.0, limit=0.5)
    assert time.monotonic() - started < 0.5 + AFTER_SECONDS
    refuse_unclear(caught.value, proxy)


@pytest.mark.parametrize("seed", [0])
@pytest.mark.parametrize("fault", [one for one in FAULTS if one.handshake == "foreign"], ids=["foreign"])
def test_a_foreign_certificate_is_met_once_and_sent_nothing(proxy: Proxy, truth: Client) -> None:
    started = time.monotonic()
    with pytest.raises(KuberError, match="is not trusted"):
        Story(proxy, truth, Figures(), new_kind=False).run(rate=1.0)
    assert time.monotonic() - started < 2
    assert proxy.injected == 1
    assert not proxy.asked


# Of 429 the server says that it has not even looked at the request; credentials are checked before anything is done.
REPEATED_POST = {"429", "429 with Retry-After", "401", "expired token"}


@pytest.mark.parametrize("seed", [0])
@every_fault
def test_what_creates_is_sent_again_only_if_it_was_not_looked_at(proxy: Proxy, fault: Fault) -> None:
    client = Client.from_kubeconfig(kubeconfig=str(proxy.kubeconfig), context="loopback", timeout=REQUEST_SECONDS)
    client.get("/version")
    proxy.rate = 1.0
    with pytest.raises(KuberError) as caught:
        client.request("POST", "/api/v1/namespaces", body={"metadata": {"generateName": "once-"}})
    refuse_unclear(caught.value, proxy)
    assert proxy.injected == 1 or fault.name in REPEATED_POST
    assert sum(one.done for one in proxy.asked if one.method == "POST") <= 1


class Once:
    """The first request of each kind for each object, dry runs apart."""

    def __init__(self, *methods: str) -> None:
        self._methods = methods
        self._seen: set[tuple[str, str]] = set()

    def __call__(self, method: str, path: str) -> bool:
        one = method, path
        due = method in self._methods and one not in self._seen
        self._seen.add(one)
        return due


LOST = [one for one in FAULTS if one.name in ("reset after it is done", "truncated JSON")]


@pytest.mark.parametrize("seed", [0])
@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_change_whose_answer_is_lost_is_reported_nevertheless(proxy: Proxy, truth: Client) -> None:
    story = Story(proxy, truth, Figures(), new_kind=False)
    proxy.concerns = Once("PATCH", "DELETE")
    assert set(story.run(rate=1.0).values()) == {"created"}
    story.write_as_somebody_else()
    proxy.concerns = Once("PATCH", "DELETE")
    changed = story.run(rate=1.0, color="blue", leftover=False)
    assert {name for name, action in changed.items() if action == "configured"} == {"colors"}
    assert changed["leftover"] == "deleted"
    proxy.concerns = Once("PATCH", "DELETE")
    assert set(story.run(rate=1.0, present=False, leftover=False).values()) == {"deleted"}
    lost = [one.method for one in proxy.asked if one.fault and one.done]
    assert lost.count("PATCH") > 10
    assert lost.count("DELETE") > 5


@pytest.mark.parametrize("seed", [0])
@pytest.mark.parametrize("fault", LOST[:1], ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_record_whose_answer_is_lost_was_not_changed_by_somebody_else(proxy: Proxy, truth: Client) -> None:
    story = Story(proxy, truth, Figures(), new_kind=False)
    story.run(rate=0.0)
    added = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "added"}}
    proxy.concerns = Once("PATCH")
    assert story.run(rate=1.0, more=[added])["record"] == "configured"


@pytest.mark.parametrize("seed", [0])
@pytest.mark.parametrize("fault", LOST, ids=lambda fault: fault.name.replace(" ", "-"))
def test_what_is_created_again_among_lost_answers_is_created_once(proxy: Proxy, truth: Client) -> None:
    story = Story(proxy, truth, Figures(), new_kind=False)
    story.run(rate=0.0)
    proxy.concerns = Once("PATCH", "DELETE", "POST")
    assert story.run(rate=1.0, labels={"app": "other"}, recreate=True)["web"] == "recreated"
    assert "POST" in [one.method for one in proxy.asked if one.fault], "the dry run that tells what may be made anew"


@pytest.mark.parametrize("seed", [0])
@pytest.mark.parametrize("fault", LOST[:1], ids=lambda fault: fault.name.replace(" ", "-"))
def test_what_others_have_left_is_taken_over_among_lost_answers(proxy: Proxy, truth: Client) -> None:
    story = Story(proxy, truth, Figures(), new_kind=False)
    truth.request("POST", "/api/v1/namespaces", body={"metadata": {"name": story.name}})
    body = {"metadata": {"name": "colors"}, "data": {"color": "red", "left": "to others"}}
    by_kubectl = {"fieldManager": "kubectl-client-side-apply"}
    truth.request("POST", f"/api/v1/namespaces/{story.name}/configmaps", query=by_kubectl, body=body)
    proxy.concerns = Once("PATCH")
    assert story.run(rate=1.0, record=False)["colors"] == "configured"
    assert "taken over from kubectl-client-side-apply" in str(story.reasons["colors"])
    assert story.state()["colors"][2:] == ({"data": {"color": "red", "left": "to others"}}, ["kuber.network"])


@pytest.mark.parametrize("seed", [0])
@pytest.mark.parametrize("fault", LOST[:1], ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_configuration_whose_answer_is_lost_is_written_and_one_of_others_is_left(proxy: Proxy, truth: Client) -> None:
    path = "/api/v1/namespaces/kube-system/configmaps"
    body = {"metadata": {"name": "kube-proxy"}, "data": {"config.conf": "mode: iptables"}}
    before = truth.request("POST", path, body=body)["metadata"]["resourceVersion"]
    client = Client.from_kubeconfig(kubeconfig=str(proxy.kubeconfig), context="loopback")
    document = ProxyConfig("config.conf", "mode: iptables", {}, before, "")
    try:
        proxy.rate, proxy.concerns = 1.0, Once("PATCH")
        written = proxy_rollout.write(client, document, "mode: ipvs")
        live = truth.get(f"{path}/kube-proxy")
        assert (live["data"], live["metadata"]["resourceVersion"]) == ({"config.conf": "mode: ipvs"}, written)
        with pytest.raises(KuberError, match="409 Conflict"):
            proxy_rollout.write(client, document, "mode: nftables")
    finally:
        truth.request("DELETE", f"{path}/kube-proxy")
