# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import io
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils._known_hosts import KnownHosts
from ansible_collections.kuber.network.plugins.plugin_utils._ssh import (
    Session,
    SshAuthError,
    SshError,
    SshTarget,
    in_any_shell,
)


@pytest.fixture
def target(sshd: t.Any, tmp_path: pathlib.Path) -> SshTarget:
    known = KnownHosts(str(tmp_path / "known_hosts"), "minikube")
    return SshTarget("127.0.0.1", sshd.port, sshd.user, str(sshd.key_file), known, timeout=10)


@pytest.fixture
def session(target: SshTarget) -> t.Iterator[Session]:
    session = Session.open(target)
    yield session
    session.close()


def run(session: Session, command: str, data: bytes = b"", dialogue: t.Any = None) -> tuple[int, bytes, bytes]:
    stdout, stderr = io.BytesIO(), io.BytesIO()
    code = session.run(command, stdin=io.BytesIO(data), stdout=stdout, stderr=stderr, dialogue=dialogue)
    return code, stdout.getvalue(), stderr.getvalue()


@pytest.mark.parametrize(
    ("command", "data", "expected"),
    [
        ("echo out; echo err >&2; exit 3", b"", (3, b"out\n", b"err\n")),
        ("cat", b"some\0bytes\xff\r\n", (0, b"some\0bytes\xff\r\n", b"")),
        ("wc -c", b"", (0, b"0\n", b"")),
        ("printf 'no newline'", b"", (0, b"no newline", b"")),
        ("exec 0<&-; sleep 0.1; echo done", b"x" * 5_000_000, (0, b"done\n", b"")),
        ("kill -9 $$", b"", (128, b"", b"")),
        ("nonsense-that-is-not-there 2>/dev/null", b"", (127, b"", b"")),
    ],
)
def test_commands_get_input_and_give_output(
    session: Session, command: str, data: bytes, expected: tuple[int, bytes, bytes]
) -> None:
    assert run(session, command, data) == expected


SHELLS = list(filter(None, map(shutil.which, ("sh", "bash", "tcsh", "zsh", "fish", "ksh"))))
COMMANDS = {
    "printf '%s|' \"it's\" 'a!b' 50% \\\\ \"$HOME\" `echo x` $((6 * 7)) é": "it's|a!b|50%|\\|HOME|x|42|é|",
    'for one in a b\ndo\n  echo "$one" 2>&1\ndone': "a\nb\n",
    "sh -c 'echo \"$0\"' 'two\nlines'; exit 3": "two\nlines\n",
    "-x 2>/dev/null || echo no option": "no option\n",
}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("command", "printed"), COMMANDS.items())
def test_the_login_shell_makes_no_difference(shell: str, command: str, printed: str) -> None:
    done = subprocess.run([shell, "-c", in_any_shell(command)], capture_output=True, text=True, check=False)
    assert done.stdout == printed.replace("HOME", str(pathlib.Path.home())), done.stderr
    assert done.returncode == (3 if "exit 3" in command else 0)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_the_login_shell_sees_one_line_in_quotes(command: str) -> None:
    _exec, _shell, _option, *quoted = in_any_shell(command).split(" ", 3)
    inner = quoted[0].removeprefix('\'eval "$(printf -- "$0")"\' \'')
    assert not set("'!\n\r") & set(inner[:-1])
    assert re.sub(r"\\[0-7]{3}", lambda one: chr(int(one[0][1:], 8)), inner[:-1]) == command


def test_a_login_of_two_steps_is_named_and_what_the_message_says_helps(sshd: t.Any, target: SshTarget) -> None:
    config = sshd.home / "config"
    text = config.read_text()
    sshd.stop()
    config.write_text(f"AuthenticationMethods publickey,publickey\n{text}")
    sshd.start()
    with pytest.raises(SshAuthError, match=r"requires more than a key.*a further step: publickey") as refused:
        Session.open(target)
    (method,) = re.findall(r"`(AuthenticationMethods publickey)`", str(refused.value))
    sshd.stop()
    config.write_text(f"{method}\n{text}")
    sshd.start()
    Session.open(target).close()


def test_large_streams_do_not_block_each_other(session: Session) -> None:
    data = bytes(range(256)) * 16_384
    code, stdout, stderr = run(session, "tee /dev/stderr", data)
    assert (code, len(stdout), len(stderr)) == (0, len(data), len(data))
    assert stdout == stderr == data


def test_one_connection_serves_many_commands(session: Session, sshd: t.Any) -> None:
    for number in range(5):
        assert run(session, f"echo {number}") == (0, f"{number}\n".encode(), b"")
    assert sshd.handshakes() == 1


def test_a_changed_host_key_is_refused_until_it_is_forgotten(
    sshd: t.Any, target: SshTarget, tmp_path: pathlib.Path
) -> None:
    Session.open(target).close()
    sshd.change_host_key()
    with pytest.raises(KuberError, match="host key of minikube has changed"):
        Session.open(target)
    (tmp_path / "known_hosts").unlink()
    Session.open(target).close()


def test_another_kind_of_host_key_is_a_changed_key_too(sshd: t.Any, target: SshTarget) -> None:
    Session.open(target).close()
    sshd.change_host_key("rsa")
    with pytest.raises(KuberError, match="host key of minikube has changed"):
        Session.open(target)


def test_a_known_key_is_asked_for_when_the_machine_has_more(sshd: t.Any, target: SshTarget) -> None:
    sshd.change_host_key("rsa")
    Session.open(target).close()
    sshd.add_host_key("ed25519")
    Session.open(target).close()


def test_unchecked_means_unchecked(sshd: t.Any, target: SshTarget, tmp_path: pathlib.Path) -> None:
    Session.open(target).close()
    sshd.change_host_key()
    Session.open(dataclasses.replace(target, known_hosts=None)).close()


def test_an_unreachable_machine_is_named_with_its_port(target: SshTarget, sshd: t.Any) -> None:
    sshd.stop()
    with pytest.raises(SshError, match=rf"Cannot connect to 127\.0\.0\.1:{target.port};.*connection refused"):
        Session.open(target)


def test_something_else_on_the_port_is_distinguished(target: SshTarget, tmp_path: pathlib.Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection = server.accept()[0]
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(SshError, match="No SSH handshake with"):
            Session.open(dataclasses.replace(target, port=server.getsockname()[1], timeout=5))


def test_a_silent_machine_is_given_up_in_time(target: SshTarget) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        started = time.monotonic()
        with pytest.raises(SshError, match="No SSH handshake with"):
            Session.open(dataclasses.replace(target, port=server.getsockname()[1], timeout=1))
        assert time.monotonic() - started < 10


def test_a_foreign_key_is_refused_by_name(target: SshTarget, sshd: t.Any) -> None:
    (sshd.home / "authorized_keys").write_text("")
    with pytest.raises(SshAuthError, match=f"rejected the login of user {target.user}.*{target.key_file}"):
        Session.open(target)


@pytest.mark.parametrize("content", [None, "this is no key\n"])
def test_a_key_that_cannot_be_used_is_named(target: SshTarget, tmp_path: pathlib.Path, content: str | None) -> None:
    path = tmp_path / "other_key"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SshAuthError, match=f"Cannot use the private key for .*{path}"):
        Session.open(dataclasses.replace(target, key_file=str(path)))


def test_a_connection_that_breaks_is_an_error(target: SshTarget, sshd: t.Any, session: Session) -> None:
    # The parent of the shell is the sshd process of this very connection.
    with pytest.raises(SshError, match="was lost"):
        run(session, "kill -9 $PPID; sleep 5")
    with pytest.raises(SshError, match="was lost before a command began"):
        run(session, "echo still there")
