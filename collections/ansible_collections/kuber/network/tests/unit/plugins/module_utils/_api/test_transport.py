# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import pathlib
import ssl
import time
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils import _timing
from ansible_collections.kuber.network.plugins.module_utils._api import httperrors, transport
from ansible_collections.kuber.network.plugins.module_utils._api import kubeconfig as _kubeconfig
from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError, Client, ServerGoneError
from ansible_collections.kuber.network.plugins.module_utils._timing import Clock, Progress
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving, url_of

Answer = tuple[int, dict[str, str], str]
OK: Answer = (200, {}, '{"kind": "Thing"}')
HANG_UP: Answer = (0, {}, "")
# Longer than anybody waits here.
SILENCE: Answer = (-1, {}, "")
SILENT_SECONDS = 1.5


def refusal(status: int, message: str, **more: t.Any) -> Answer:
    body = {"kind": "Status", "status": "Failure", "message": message, "code": status, **more}
    return status, {"Content-Type": "application/json"}, json.dumps(body)


class Server:
    """Gives the prepared answers one after another, the last one for ever; notes what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, str, t.Mapping[str, str]]] = []
        server = self

        class Answers(Handler):
            def _answer(self) -> None:
                self.content()
                server.asked.append((self.command, self.path, dict(self.headers)))
                status, headers, body = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
                if status < 0:
                    time.sleep(SILENT_SECONDS)
                if status <= 0:
                    self.close_connection = True
                    self.connection.shutdown(2)
                    return
                self.answer(body, status=status, headers=headers)

            do_GET = do_POST = do_PATCH = do_DELETE = _answer

        self.http = http_server(Answers)
        self.url = url_of(self.http)


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_timing, "FIRST_PAUSE", 0.01)


@pytest.fixture
def server() -> t.Iterator[Server]:
    one = Server()
    with serving(one.http):
        yield one


def client_of(server: str, *, timeout: float = 5.0, tokens: t.Iterable[str] = ("one",)) -> Client:
    supply = iter(tokens)

    def load() -> _kubeconfig.Access:
        headers = {"Authorization": f"Bearer {next(supply)}"}
        return _kubeconfig.Access(server, "here", "default", headers, None, None, None)

    return Client(load, timeout=timeout)


def test_server_with_a_foreign_certificate_is_not_trusted(api_server: t.Any, tmp_path: pathlib.Path) -> None:
    config = yaml.safe_load(api_server.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["certificate-authority"] = ssl.get_default_verify_paths().cafile
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    client = Client.from_kubeconfig(kubeconfig=str(path), context=None)
    with pytest.raises(ServerGoneError, match=r"is not trusted.*self-signed certificate"):
        client.get("/version")
    assert client.requests == {"GET": 1}


def test_all_pages_are_read(client: Client, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    names = {f"map-{number}" for number in range(5)}
    for name in names:
        client.request("POST", path, body={"metadata": {"name": name, "labels": {"mine": "yes"}}})
    monkeypatch.setattr(transport, "PAGE", 2)
    before = client.requests.get("GET", 0)
    found = client.list(path, labelSelector="mine=yes")
    assert {one["metadata"]["name"] for one in found} == names
    assert {(one["apiVersion"], one["kind"]) for one in found} == {("v1", "ConfigMap")}
    assert client.requests["GET"] - before == 3


def test_refusal_says_what_the_server_said(client: Client) -> None:
    with pytest.raises(ApiError) as caught:
        client.get("/api/v1/namespaces/no-such")
    error = caught.value
    assert (error.status, error.reason, error.details["name"]) == (404, "NotFound", "no-such")
    assert "GET /api/v1/namespaces/no-such" in str(error)
    assert 'namespaces "no-such" not found' in str(error)


def test_wrong_token_is_refused_with_the_context(api_server: t.Any, tmp_path: pathlib.Path) -> None:
    config = yaml.safe_load(api_server.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = "wrong"
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    with pytest.raises(ApiError, match=r"401 Unauthorized.*context loopback are not valid"):
        Client.from_kubeconfig(kubeconfig=str(path), context=None).get("/api/v1/nodes")


@pytest.mark.parametrize(
    "passing",
    [
        refusal(429, "too many requests", details={"retryAfterSeconds": 0.1}),
        (429, {"Retry-After": "0"}, ""),
        refusal(500, "etcdserver: leader changed"),
        refusal(
            500, 'rpc error: code = Unavailable desc = "transport: Error while dialing: dial tcp: connection refused"'
        ),
        refusal(500, "etcdserver: request timed out, possibly due to previous leader failure"),
        refusal(500, "Internal error occurred: resource quota evaluation timed out", reason="InternalError"),
        refusal(500, "Internal error occurred: unexpected EOF", reason="InternalError"),
        (502, {}, "bad gateway"),
        (503, {}, ""),
        refusal(504, "timeout"),
        HANG_UP,
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_passing_trouble_is_not_seen(server: Server, passing: Answer, method: str) -> None:
    server.answers = [passing, passing, OK]
    client = client_of(server.url)
    assert client.request(method, "/thing") == {"kind": "Thing"}
    assert client.requests == {method: 3}


def kept_to(client: Client, seconds: float) -> tuple[Client, list[str]]:
    """A client that keeps to a time limit, and what is said meanwhile."""
    said: list[str] = []
    clock = Clock(seconds)
    client.keep_to(clock, Progress(said.append, clock, interval=0.1))
    return client, said


def test_server_that_keeps_silent_is_asked_again(server: Server) -> None:
    server.answers = [SILENCE, OK]
    client, _said = kept_to(client_of(server.url, timeout=0.5), 5)
    assert client.request("PATCH", "/thing", body={}) == {"kind": "Thing"}
    assert client.requests["PATCH"] > 1


def test_trouble_may_last_as_long_as_the_task(server: Server) -> None:
    """Longer than one request alone would be repeated."""
    server.answers = [*[refusal(503, "starting")] * 8, OK]
    client, said = kept_to(client_of(server.url, timeout=1), 20)
    assert client.get("/thing") == {"kind": "Thing"}
    assert "Waiting for the API server: 503 " in said[0]
    assert "starting" in said[0]


@pytest.mark.parametrize("trouble", [refusal(503, "starting"), HANG_UP, SILENCE, (429, {"Retry-After": "30"}, "")])
def test_time_limit_of_the_task_ends_all_patience(server: Server, trouble: Answer) -> None:
    server.answers = [trouble]
    client, _said = kept_to(client_of(server.url, timeout=30), 1)
    started = time.monotonic()
    with pytest.raises((ApiError, ServerGoneError)):
        client.get("/thing")
    assert time.monotonic() - started < 15


def test_server_that_takes_connections_and_is_too_busy_to_answer_is_asked_as_long_as_the_task_may_take(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there: the short patience with a server that was never reached is not meant for it."""
    monkeypatch.setattr(transport, "FIRST_CONTACT_SECONDS", 0.02)
    server.answers = [*[HANG_UP] * 6, OK]
    client, _said = kept_to(client_of(server.url, timeout=0.2), 20)
    assert client.get("/thing") == {"kind": "Thing"}


def test_server_in_trouble_is_asked_less_and_less_often(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers = [*[refusal(503, "starting")] * 4, OK]
    pauses: list[float] = []
    monkeypatch.setattr(transport.time, "sleep", pauses.append)
    client_of(server.url, timeout=20).get("/thing")
    assert pauses == [0.01, 0.02, 0.04, 0.08]


def test_no_server_makes_us_wait_for_longer_than_half_a_minute(server: Server) -> None:
    server.answers = [(429, {"Retry-After": "120"}, ""), OK]
    with pytest.raises(ApiError) as caught:
        client_of(server.url, timeout=20).get("/thing")
    assert httperrors.retry_after(caught.value) == 30


def test_request_that_was_not_looked_at_is_repeated_even_if_it_creates(server: Server) -> None:
    server.answers = [(429, {"Retry-After": "0"}, ""), OK]
    assert client_of(server.url).request("POST", "/things", body={}) == {"kind": "Thing"}


def test_wait_that_the_server_asks_for_is_kept(server: Server) -> None:
    server.answers = [(429, {"Retry-After": "1"}, ""), OK]
    started = time.monotonic()
    client_of(server.url).get("/thing")
    assert time.monotonic() - started >= 1


def test_nothing_is_created_twice(server: Server) -> None:
    server.answers = [refusal(503, "busy"), OK]
    with pytest.raises(ApiError, match="503"):
        client_of(server.url).request("POST", "/things", body={})
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "final",
    [
        refusal(400, "bad"),
        refusal(409, "conflict"),
        refusal(422, "invalid"),
        refusal(500, "failed to create typed patch object (a/b; v1, Kind=X): .timeout: field not declared in schema"),
        refusal(500, "failed to create typed patch object (a/b; v1, Kind=X): .timeoutSeconds: expected numeric"),
        refusal(500, "failed to convert new object (connection refused/timed out; v1, Kind=X): quantities must match"),
        refusal(500, "etcdserver: request is too large"),
        refusal(500, "etcdserver: mvcc: database space exceeded"),
        refusal(500, 'Internal error occurred: object "context deadline exceeded" is unknown', reason="InternalError"),
        refusal(500, 'Internal error occurred: failed calling webhook "w": failed to call webhook: connection refused'),
    ],
)
def test_refusal_that_stays_is_not_repeated(server: Server, final: Answer) -> None:
    server.answers = [final, OK]
    with pytest.raises(ApiError):
        client_of(server.url).request("PATCH", "/thing", body={})
    assert len(server.asked) == 1


def test_patience_ends(server: Server) -> None:
    server.answers = [refusal(503, "starting")]
    started = time.monotonic()
    with pytest.raises(ApiError, match="starting"):
        client_of(server.url, timeout=1).get("/thing")
    assert time.monotonic() - started < 10


def test_expired_token_is_renewed_once(server: Server) -> None:
    server.answers = [refusal(401, "expired"), OK]
    client = client_of(server.url, tokens=["old", "new"])
    assert client.get("/thing") == {"kind": "Thing"}
    assert [headers["Authorization"] for _method, _path, headers in server.asked] == ["Bearer old", "Bearer new"]


def test_query_is_written_as_the_server_reads_it(server: Server) -> None:
    server.answers = [OK]
    client_of(server.url).get("/thing", force=True, watch=False, labelSelector="a in (b, c)", dryRun=None)
    assert server.asked[0][1] == "/thing?force=true&watch=false&labelSelector=a+in+%28b%2C+c%29"


def test_remarks_of_the_server_are_kept_once(server: Server) -> None:
    server.answers = [(200, {"Warning": '299 - "v1 Endpoints is deprecated"'}, "{}")]
    client = client_of(server.url)
    client.get("/a")
    client.get("/b")
    assert client.warnings == ["v1 Endpoints is deprecated"]


def test_text_is_left_as_it_is_and_its_refusals_are_final(server: Server) -> None:
    server.answers = [(200, {}, "ipvs"), refusal(503, "error trying to reach service")]
    client = client_of(server.url)
    assert client.text("GET", "/proxyMode") == "ipvs"
    with pytest.raises(ApiError, match="error trying to reach service"):
        client.text("GET", "/proxyMode")
    assert len(server.asked) == 2


def test_server_that_is_not_there_is_named_soon() -> None:
    started = time.monotonic()
    with pytest.raises(ServerGoneError, match=r"context here.*127\.0\.0\.1:1; found: connection refused"):
        client_of("http://127.0.0.1:1", timeout=30).get("/version")
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "text", ["\U0001f680", "\x00\x1f\x7f\x85\xa0\u2028\ufeff\ufffe\uffff", "\\ud83d\\ude80", '"\\\n\r\t']
)
def test_body_is_json_and_yaml_at_once(text: str) -> None:
    data = transport.encoded({"a": text, text: 1})
    assert json.loads(data) == {"a": text, text: 1}
    # PyYAML, as Go's YAML, takes no surrogates and breaks lines at some of these characters.
    assert yaml.load(data.decode(), Loader=yaml.CSafeLoader) == {"a": text, text: 1}
