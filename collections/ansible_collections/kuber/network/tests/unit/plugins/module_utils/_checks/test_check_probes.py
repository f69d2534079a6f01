# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import socket
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kuber.network.plugins.module_utils._checks.live import LiveProbe
from ansible_collections.kuber.network.plugins.module_utils._checks.specs import CHECK_SPEC, ProbeContext, build
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.local import LocalRunner
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

if t.TYPE_CHECKING:
    from .conftest import NameServer, WebServer

# As this process hears it, and as curl says it.
REFUSED = [Outcome(False, "connection refused"), Outcome(False, "no connection")]
APP = "web-svc.default.svc.cluster.local"


class Nowhere(ProbeContext):
    """There is no cluster here: only the objects that a test puts down."""

    objects: t.ClassVar[dict[str, t.Any]] = {}

    def get(self, path: str) -> t.Any:
        if path not in self.objects:
            raise KuberError(f"GET {path} failed", found="404 not found")
        return self.objects[path]


class Terminal(LocalRunner):
    """A host that is reached by way of a terminal, as OpenSSH makes one for sudo."""

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        done = super()._run(argv, stdin)
        return Result(argv, done.rc, (done.stderr + done.stdout).replace("\n", "\r\n"), "")


@pytest.fixture(params=["by us", "from a host", "by way of a terminal"])
def ask_from(request: pytest.FixtureRequest, local_runner: Runner) -> t.Callable[..., Outcome]:
    """The same questions, asked by this process, and with the programs of a node."""
    if request.param == "by us":
        return asker(local_runner)
    there = asker(Terminal() if "terminal" in request.param else local_runner)
    return lambda **kind: there(**kind, **{"from": "host"})


@pytest.fixture
def ask(local_runner: Runner) -> t.Callable[..., Outcome]:
    return asker(local_runner)


def asker(runner: Runner) -> t.Callable[..., Outcome]:
    def no_cluster() -> t.NoReturn:
        raise KuberError("no cluster here")

    def call(**kind: t.Any) -> Outcome:
        validated = ArgumentSpecValidator({"checks": CHECK_SPEC}).validate({"checks": [{"name": "it works", **kind}]})
        assert not validated.error_messages, validated.error_messages
        raw = validated.validated_parameters["checks"][0]
        return build(raw, Nowhere(runner, no_cluster)).probe.attempt()

    return call


def test_http_shows_status_and_what_was_matched(ask_from: t.Callable[..., Outcome], web: WebServer) -> None:
    web.answer = lambda path, headers, number: (200, {}, "<html><title>It is web-1</title></html>")
    assert ask_from(http={"url": web.url}) == Outcome(True, "200 It is web-1")
    assert ask_from(http={"url": web.url, "matches": "web-[0-9]"}) == Outcome(True, "200 web-1")
    assert ask_from(http={"url": web.url, "matches": "It is (web)"}) == Outcome(True, "200 web")
    assert ask_from(http={"url": web.url, "matches": "mail"}) == Outcome(False, "200 It is web-1")


def test_http_error_codes_can_be_what_is_wanted(ask_from: t.Callable[..., Outcome], web: WebServer) -> None:
    web.answer = lambda path, headers, number: (404, {}, "<center>nginx</center>")
    assert ask_from(http={"url": web.url}) == Outcome(False, "404 nginx")
    assert ask_from(http={"url": web.url, "status": [404], "matches": "nginx"}) == Outcome(True, "404 nginx")


def test_http_follows_redirects_with_its_headers(ask_from: t.Callable[..., Outcome], web: WebServer) -> None:
    def answer(path: str, headers: t.Mapping[str, str], number: int) -> tuple[int, dict[str, str], str]:
        if path == "/dashboard":
            return 302, {"Location": "/dashboard/"}, ""
        return 200, {}, headers.get("mtest", "lost")

    web.answer = answer
    assert ask_from(http={"url": web.url + "/dashboard", "headers": {"mtest": True}}) == Outcome(True, "200 True")


def test_http_ignores_the_proxy_of_the_environment(
    ask_from: t.Callable[..., Outcome], web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert ask_from(http={"url": web.url}).ok


def test_http_many_requests_tell_each_kind_of_answer(ask_from: t.Callable[..., Outcome], web: WebServer) -> None:
    web.answer = lambda path, headers, number: (200, {}, "v1\n")
    assert ask_from(http={"url": web.url, "count": 100, "matches": "^v1$"}) == Outcome(True, "100 x 200 v1")
    assert web.requests == 100

    web.answer = lambda path, headers, number: (503, {}, "sorry") if number % 10 == 0 else (200, {}, "v1")
    outcome = ask_from(http={"url": web.url, "count": 100, "matches": "^v1$"})
    assert outcome == Outcome(False, "90 of 100 as wanted; 10 x 503 sorry")


@pytest.mark.parametrize(("every", "ok"), [(5, True), (2, False), (1000, False)])
def test_http_shares_are_counted(ask_from: t.Callable[..., Outcome], web: WebServer, every: int, ok: bool) -> None:
    web.answer = lambda path, headers, number: (200, {}, "v2" if number % every == 0 else "v1")
    share = {"matches": "v2", "at_least": 10, "at_most": 30}
    outcome = ask_from(http={"url": web.url, "count": 100, "shares": [share]})
    assert outcome == Outcome(ok, f"{100 // every} of 100")


def test_http_shares_do_not_make_up_for_failed_answers(ask_from: t.Callable[..., Outcome], web: WebServer) -> None:
    web.answer = lambda path, headers, number: (
        (500, {}, "v1") if number == 7 else (200, {}, f"v{1 + (number % 5 == 0)}")
    )
    share = {"matches": "v2", "at_least": 1, "at_most": 30}
    outcome = ask_from(http={"url": web.url, "count": 20, "shares": [share]})
    assert outcome == Outcome(False, "19 of 20 as wanted; 1 x 500 v1")


def test_http_many_requests_are_not_sent_without_an_answer(
    ask_from: t.Callable[..., Outcome], closed_port: int
) -> None:
    refused = {"url": f"http://127.0.0.1:{closed_port}/", "count": 100_000_000}
    assert ask_from(http=refused) in REFUSED


def test_http_without_an_answer_says_why(ask_from: t.Callable[..., Outcome], closed_port: int) -> None:
    assert ask_from(http={"url": f"http://127.0.0.1:{closed_port}/"}) in REFUSED
    assert not ask_from(http={"url": "http://no-such-host.invalid/"}).ok
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        assert ask_from(http={"url": url, "timeout": 0.2}) == Outcome(False, "no answer in time")


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_dns_compares_all_answers(ask_from: t.Callable[..., Outcome], names: NameServer, transport: str) -> None:
    names.records[APP] = ["10.244.0.5", "10.244.0.3"]
    server = {"server": "127.0.0.1", "port": names.port, "name": APP, "transport": transport}
    assert ask_from(dns=server) == Outcome(True, "10.244.0.3, 10.244.0.5")
    assert ask_from(dns=server | {"answers": ["10.244.0.5", "10.244.0.3"]}).ok
    assert ask_from(dns=server | {"at_least": 3}) == Outcome(False, "10.244.0.3, 10.244.0.5")
    assert ask_from(dns=server | {"answers": ["10.244.0.5"]}) == Outcome(False, "10.244.0.3, 10.244.0.5")
    assert ask_from(dns=server | {"name": "nobody.invalid"}) == Outcome(False, "NXDOMAIN without an answer")


def test_dns_tells_which_transport_is_silent(
    ask_from: t.Callable[..., Outcome], names: NameServer, closed_port: int
) -> None:
    names.records[APP] = ["10.96.0.7"]
    names.silent = {"udp"}
    server = {"server": "127.0.0.1", "port": names.port, "name": APP, "timeout": 0.3}
    assert ask_from(dns=server) == Outcome(False, "no answer over UDP in time")
    assert ask_from(dns=server | {"transport": "tcp"}).ok
    assert not ask_from(dns=server | {"transport": "tcp", "port": closed_port}).ok


def test_tcp_and_udp(ask: t.Callable[..., Outcome], closed_port: int, names: NameServer) -> None:
    open_port = {"host": "127.0.0.1", "port": names.port}
    assert ask(tcp=open_port) == Outcome(True, "connected")
    assert ask(tcp={"host": "127.0.0.1", "port": closed_port}) == Outcome(False, "connection refused")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        quiet = {"host": "127.0.0.1", "port": mute.getsockname()[1], "send": "hello", "timeout": 0.2}
        assert ask(udp=quiet) == Outcome(False, "no answer in time")


@pytest.mark.skipif(os.geteuid() != 0, reason="an echo request of one's own needs root")
@pytest.mark.parametrize(("address", "ok"), [("127.0.0.1", True), ("127.3.2.1", True), ("::2", False)])
def test_ping(ask: t.Callable[..., Outcome], address: str, ok: bool) -> None:
    outcome = ask(ping={"address": address, "timeout": 0.5})
    assert outcome.ok is ok, outcome
    assert ("reply after" in outcome.found) is ok


COMMANDS: dict[str, tuple[dict[str, t.Any], Outcome]] = {
    "succeeds": ({"argv": ["echo", "ipvs"]}, Outcome(True, "ipvs")),
    "matches": ({"argv": ["echo", "mode ipvs"], "matches": ["^mode"]}, Outcome(True, "mode ipvs")),
    "does not match": (
        {"argv": ["echo", "iptables"], "matches": ["^ipvs$"]},
        Outcome(False, "no /^ipvs$/ in iptables"),
    ),
    "shows a part": ({"argv": ["printf", "a 1\\nb 2\\n"], "show": "^. ([0-9])"}, Outcome(True, "1, 2")),
    "nothing unwanted": ({"argv": ["echo", ":KUBE-MARK"], "not_matches": ["^:KUBE-SVC"]}, Outcome(True, "none")),
    "unwanted": (
        {"argv": ["printf", ":KUBE-SVC-A\\n:KUBE-SVC-B\\n"], "not_matches": ["^:(KUBE-SVC-.)"]},
        Outcome(False, "2 found: KUBE-SVC-A, KUBE-SVC-B"),
    ),
    "fails": ({"argv": ["sh", "-c", "echo no such device >&2; exit 3"]}, Outcome(False, "exit code 3, no such device")),
    "shall fail": ({"argv": ["false"], "rc": [1]}, Outcome(True, "as wanted")),
    "is missing": ({"argv": ["no-such-command"]}, Outcome(False, "")),
}


@pytest.mark.parametrize(("options", "outcome"), COMMANDS.values(), ids=COMMANDS.keys())
def test_command(ask: t.Callable[..., Outcome], options: dict[str, t.Any], outcome: Outcome) -> None:
    found = ask(command=options)
    assert found.ok == outcome.ok
    assert outcome.found in found.found


def test_a_borrowed_command_that_is_nowhere_is_unknown(ask: t.Callable[..., Outcome]) -> None:
    """Exit code 127 is no answer, even where it is among those that are wanted."""
    options = {"argv": ["no-such-program", "list"], "borrow": True, "rc": [0, 127], "not_matches": ["KUBE"]}
    outcome = ask(command=options)
    assert (outcome.ok, outcome.unknown) == (False, True)
    assert outcome.found == "not checked: no-such-program is neither on the node nor in a container of kube-proxy"
    assert ask(command={"argv": ["echo", "here"], "borrow": True}) == Outcome(True, "here")


@pytest.mark.parametrize(
    ("query", "equals", "outcome"),
    [
        ("status.readyReplicas", 3, Outcome(True, "3")),
        ("status.readyReplicas", "3", Outcome(True, "3")),
        ("status.readyReplicas", 2, Outcome(False, "3")),
        ("status.missing", None, Outcome(False, "nothing")),
        ("status.conditions[?status=='True'].type", "Available", Outcome(True, "Available")),
        ("status.conditions[].type", None, Outcome(True, "Available, Progressing")),
    ],
)
def test_live(ask: t.Callable[..., Outcome], query: str, equals: t.Any, outcome: Outcome) -> None:
    conditions = [{"type": "Available", "status": "True"}, {"type": "Progressing", "status": "False"}]
    Nowhere.objects = {"/apis/apps/v1/web": {"status": {"readyReplicas": 3, "conditions": conditions}}}
    assert ask(live={"path": "/apis/apps/v1/web", "query": query, "equals": equals}) == outcome


def test_a_record_without_a_keeper_is_waited_for_and_then_unknown() -> None:
    documents = iter([{"items": []}, {"items": ["here"]}])
    options = {"path": "/records", "query": "items[0]", "equals": None, "show": "", "unknown_if_nothing": "no record"}
    probe = LiveProbe.load(options, lambda _path: next(documents))
    first, second = probe.attempt(), probe.attempt()
    assert (first.ok, first.unknown, probe.conclude(first)) == (False, False, Outcome.not_checked("no record"))
    assert probe.conclude(second) == Outcome(True, "here")
    without = LiveProbe.load(options | {"unknown_if_nothing": ""}, lambda _path: {})
    assert without.conclude(without.attempt()) == Outcome(False, "nothing")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ({"live": {"path": "/x", "query": "a["}}, "Invalid JMESPath"),
        ({"http": {"url": "http://127.0.0.1/", "matches": "("}}, "Invalid regular expression"),
        ({"command": {"argv": ["true"], "not_matches": ["*"]}}, "Invalid regular expression"),
    ],
)
def test_nonsense_is_refused_with_the_name_of_the_check(
    ask: t.Callable[..., Outcome], kind: dict[str, t.Any], said: str
) -> None:
    with pytest.raises(KuberError, match=f"it works.*{said}"):
        ask(**kind)


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return t.cast("int", sock.getsockname()[1])
