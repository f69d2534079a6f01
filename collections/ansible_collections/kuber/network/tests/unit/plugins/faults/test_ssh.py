# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection plugin behind a TCP fault proxy, in front of a real sshd.

What breaks before a command has begun is tried again, what has begun never is. KUBER_SOAK=N runs N seeds of each fault
(see campaign.py).
"""

from __future__ import annotations

import dataclasses
import io
import pathlib
import threading
import time
import typing as t

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.playbook.play_context import PlayContext

from ansible_collections.kuber.network.plugins.connection.minikube import Connection
from ansible_collections.kuber.network.plugins.plugin_utils import _ssh
from ansible_collections.kuber.network.plugins.plugin_utils._known_hosts import KnownHosts
from ansible_collections.kuber.network.plugins.plugin_utils._ssh import Session, SshError, SshTarget
from ansible_collections.kuber.network.tests.unit.plugins.faults import tcp_proxy
from ansible_collections.kuber.network.tests.unit.plugins.faults.campaign import RATE, SEEDS, SOAK, Figures
from ansible_collections.kuber.network.tests.unit.plugins.faults.tcp_proxy import FAULTS, Proxy

TIMEOUT = 30.0 if SOAK else 1.5
RUNS = 5
# Threads are waited for, and a machine may be busy.
GRACE_SECONDS = 3.0

# What is silent, or goes on without an end, leaves no time to try again.
TAKES_ALL_THE_TIME = (tcp_proxy.STALL, tcp_proxy.FLOOD, tcp_proxy.GARBLED)

every_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.replace(" ", "-"))


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    if not SOAK:
        monkeypatch.setattr(_ssh, "FIRST_PAUSE", 0.05)


@pytest.fixture
def known_hosts(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "known_hosts"


@pytest.fixture
def target(sshd: t.Any, known_hosts: pathlib.Path) -> SshTarget:
    known = KnownHosts(str(known_hosts), "minikube")
    return SshTarget("127.0.0.1", sshd.port, sshd.user, str(sshd.key_file), known, timeout=TIMEOUT, retries=3)


def through(proxy: Proxy, target: SshTarget, **changes: t.Any) -> SshTarget:
    return dataclasses.replace(target, port=proxy.port, **changes)


def run(session: Session, command: str) -> tuple[int, bytes]:
    stdout = io.BytesIO()
    return session.run(command, stdin=io.BytesIO(), stdout=stdout, stderr=io.BytesIO()), stdout.getvalue()


def right_line(sshd: t.Any) -> str:
    kind, key = sshd.host_key_file.with_suffix(".pub").read_text().split()[:2]
    return f"minikube {kind} {key}\n"


def refuse_unclear(error: SshError, target: SshTarget) -> None:
    text = str(error)
    assert f"127.0.0.1:{target.port}" in text
    assert error.found
    assert error.remedy
    assert text.isprintable()
    assert len(text) < 400


@pytest.mark.parametrize("seed", SEEDS)
@every_fault
def test_connections_come_about_or_the_error_is_clear(
    sshd: t.Any, target: SshTarget, known_hosts: pathlib.Path, figures: t.Mapping[str, Figures], fault: str, seed: int
) -> None:
    counted = figures[f"SSH, {fault}"]
    with Proxy(sshd.port, fault, rate=RATE, seed=seed) as proxy:
        there = through(proxy, target)
        refused: list[SshError] = []
        for number in range(RUNS):
            started = time.monotonic()
            try:
                with counted.run():
                    session = Session.open(there)
                    assert run(session, f"echo {number}") == (0, f"{number}\n".encode())
                    session.close()
            except SshError as exc:
                refused.append(exc)
                refuse_unclear(exc, there)
            assert time.monotonic() - started < TIMEOUT + GRACE_SECONDS
        counted.injected += proxy.injected
    assert known_hosts.read_text() == right_line(sshd)
    if not SOAK and fault not in TAKES_ALL_THE_TIME:
        assert not refused, "with this seed there are never four faults in a row"


@pytest.mark.parametrize(
    "fault", [one for one in FAULTS if one != tcp_proxy.SLOW], ids=lambda one: one.replace(" ", "-")
)
def test_nothing_but_faults_end_in_a_clear_error_in_time(
    sshd: t.Any, target: SshTarget, known_hosts: pathlib.Path, fault: str
) -> None:
    with Proxy(sshd.port, fault, rate=1.0) as proxy:
        there = through(proxy, target, timeout=1.0)
        started = time.monotonic()
        with pytest.raises(SshError) as caught:
            Session.open(there)
        assert time.monotonic() - started < 1.0 + GRACE_SECONDS
        refuse_unclear(caught.value, there)
        assert proxy.connections <= 4
    # A key is proved by the exchange of keys; nothing short of that may be learnt.
    assert not known_hosts.exists() or known_hosts.read_text() == right_line(sshd)


def test_another_host_key_is_no_fault_to_try_again(sshd: t.Any, target: SshTarget, known_hosts: pathlib.Path) -> None:
    Session.open(target).close()
    sshd.change_host_key()
    before = known_hosts.read_text()
    with Proxy(sshd.port, "", rate=0.0) as proxy:
        with pytest.raises(Exception, match="host key of minikube has changed"):
            Session.open(through(proxy, target))
        assert proxy.connections == 1
    assert known_hosts.read_text() == before


def test_a_login_that_is_refused_is_not_tried_again(sshd: t.Any, target: SshTarget) -> None:
    (sshd.home / "authorized_keys").write_text("")
    with Proxy(sshd.port, "", rate=0.0) as proxy:
        with pytest.raises(_ssh.SshAuthError, match=r"rejected the login of"):
            Session.open(through(proxy, target))
        assert proxy.connections == 1


class _Node(Connection):
    """The plugin, with options that no inventory sets."""

    def __init__(self, options: dict[str, t.Any]) -> None:
        super().__init__(PlayContext())
        self._given = options

    def get_option(self, option: str, hostvars: t.Any = None) -> t.Any:
        return self._given.get(option) if option == "problem" else self._given[option]


@pytest.fixture
def node(sshd: t.Any, known_hosts: pathlib.Path, way: Proxy) -> t.Iterator[_Node]:
    connection = _Node(
        {
            "remote_addr": "127.0.0.1",
            "port": way.port,
            "remote_user": sshd.user,
            "private_key_file": str(sshd.key_file),
            "host_key_checking": True,
            "known_hosts": str(known_hosts),
            "host_key_alias": "minikube",
            "reconnection_retries": 3,
            "timeout": 5,
            "silence_timeout": 1,
        }
    )
    yield connection
    connection.close()


@pytest.fixture
def way(sshd: t.Any) -> t.Iterator[Proxy]:
    with Proxy(sshd.port, "", rate=0.0) as proxy:
        yield proxy


@pytest.mark.parametrize(
    ("happens", "found"),
    [("reset", "it was closed while a command was running|reset by peer"), ("stall", "no sign of life for 1 s")],
)
def test_a_command_that_has_begun_is_never_repeated(
    node: _Node, way: Proxy, tmp_path: pathlib.Path, happens: str, found: str
) -> None:
    log = tmp_path / "log"
    node.exec_command("true")
    breaker = _when(log.exists, getattr(way, happens))
    said = rf"127\.0\.0\.1:{way.port} was lost.*({found}).*minikube status"
    with pytest.raises(AnsibleConnectionFailure, match=said):
        node.exec_command(f"echo begun >> {log}; sleep 20")
    assert time.monotonic() - breaker() < 1 + GRACE_SECONDS
    assert log.read_text() == "begun\n"
    assert way.connections == 1


def test_a_connection_that_was_lost_between_two_commands_is_opened_again(
    node: _Node, way: Proxy, tmp_path: pathlib.Path
) -> None:
    log = tmp_path / "log"
    for number in range(3):
        way.reset()
        assert node.exec_command(f"echo {number} | tee -a {log}", b"")[:2] == (0, f"{number}\n".encode())
    assert log.read_text() == "0\n1\n2\n"
    assert way.connections == 3


def test_a_silent_command_is_left_alone_while_sshd_answers(node: _Node) -> None:
    assert node.exec_command("sleep 3; echo done") == (0, b"done\n", b"")


def _when(condition: t.Callable[[], bool], act: t.Callable[[], None]) -> t.Callable[[], float]:
    """Act as soon as the condition holds; return what tells when that was."""
    at: list[float] = []

    def wait() -> None:
        while not condition():
            time.sleep(0.02)
        act()
        at.append(time.monotonic())

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()

    def when() -> float:
        thread.join()
        return at[0]

    return when
