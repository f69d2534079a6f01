# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Commands on a machine that is reached by SSH; nothing more than a shell is needed there."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import logging
import socket
import threading
import time
import typing as t

import paramiko

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock
from ansible_collections.kuber.network.plugins.plugin_utils._known_hosts import HostKey, KnownHosts

CHUNK = 32 * 1024
KEEPALIVES_PER_SILENCE = 4
POLL_SECONDS = 0.02
FIRST_PAUSE = 0.5
# What is said before a password or a key counts, when the connection ends or time is up: it is not about the key.
LOST_AT_LOGIN = ("saw EOF", "timeout")
# A command without an exit code was ended by a signal, or the end of the connection is about to be noticed.
SETTLE_SECONDS = 0.5
LONGEST_QUOTE = 80
# The program that a connection through the machine is made for, which only its log would show.
NO_SENDER = ("127.0.0.1", 0)
# A key of this kind can sign in more ways than one (RFC 8332).
SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
# What a shell says of a command that a signal has ended; SSH has no exit code for that.
ENDED_BY_SIGNAL = 128

# Errors are raised with our words; without a handler Python would print paramiko's, too.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class SshError(KuberError):
    """There is no session with the machine, or not any more."""


class SshCutError(SshError):
    """A connection did not come about, or ended before a command began: it may be tried again."""


class SshAuthError(SshError):
    """The machine does not let us in."""


@dataclasses.dataclass(frozen=True)
class Target:
    """Where to, as whom, and how to be sure that it is the right machine."""

    host: str
    port: int
    user: str
    key_file: str
    known_hosts: KnownHosts | None
    timeout: float
    """How long it may take to make the connection, all tries together, or to begin a command."""
    silence: float = 60
    """After how long without a sign of life of its sshd the machine is taken for dead, not only busy."""
    retries: int = 0
    """How often to try again to connect."""

    @property
    def place(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"


class Dialogue(t.Protocol):
    """Somebody who answers questions that come before the command's own output, such as for a password."""

    def answer(self, output: bytes, errors: bytes) -> bytes | None:
        """What to type after all that was seen so far (empty: nothing yet); ``None`` when the command has begun."""


class _Line:
    """A socket that remembers when something was last heard on it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.heard = time.monotonic()

    def recv(self, size: int) -> bytes:
        data = self._connection.recv(size)
        self.heard = time.monotonic()
        return data

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._connection, name)


class _Transport(paramiko.Transport):
    """One whose keepalives want an answer, as those of OpenSSH do: a kernel acknowledges for an sshd that hangs."""

    def __init__(self, line: _Line) -> None:
        self.line = line
        super().__init__(t.cast("socket.socket", line))

    def ask_for_life(self, seconds: float) -> None:
        """Ask whenever nothing was sent for so long; the answer, even a no, is a sign of life."""
        self.packetizer.set_keepalive(seconds, self._ask)

    def _ask(self) -> None:
        message = paramiko.Message()
        message.add_byte(paramiko.common.cMSG_GLOBAL_REQUEST)
        message.add_string("keepalive@openssh.com")
        message.add_boolean(True)
        self._send_user_message(message)  # type: ignore[attr-defined]


class Session:
    """One TCP connection to a machine, for any number of commands one after the other."""

    def __init__(self, target: Target, transport: _Transport) -> None:
        self._target = target
        self._transport = transport
        self._given_up = False
        self._ended = threading.Event()
        self._interval = target.silence / KEEPALIVES_PER_SILENCE
        transport.ask_for_life(self._interval)
        threading.Thread(target=self._watch, name=f"silence of {target.place}", daemon=True).start()

    @classmethod
    def open(cls, target: Target) -> Session:
        key = _load_key(target)
        clock = Clock(target.timeout)
        pause = FIRST_PAUSE
        for retries_left in reversed(range(target.retries + 1)):
            try:
                return cls._open_once(target, key, clock)
            except SshCutError:
                if not retries_left or clock.left <= pause:
                    raise
            time.sleep(pause)
            pause *= 2
        raise AssertionError("unreachable")

    @classmethod
    def _open_once(cls, target: Target, key: paramiko.PKey, clock: Clock) -> Session:
        transport = _Transport(_Line(_connect(target, clock)))
        try:
            _handshake(target, transport, clock)
            _authenticate(target, transport, key, clock)
        except BaseException:
            transport.close()
            raise
        return cls(target, transport)

    def close(self) -> None:
        self._ended.set()
        self._transport.close()

    def _watch(self) -> None:
        while not self._ended.wait(self._interval / 2) and self._transport.is_active():
            if time.monotonic() - self._transport.line.heard > self._target.silence:
                self._given_up = True
                self._transport.close()

    def run(
        self,
        command: str,
        *,
        stdin: t.IO[bytes],
        stdout: t.IO[bytes],
        stderr: t.IO[bytes],
        dialogue: Dialogue | None = None,
    ) -> int:
        """Run ``command`` to its end and return its exit code."""
        try:
            channel = self._transport.open_session(timeout=self._target.timeout)
        except (paramiko.SSHException, EOFError, OSError) as exc:
            raise SshCutError(
                f"The connection to {self._target.place} was lost before a command began",
                found=self._why(exc),
                remedy="See whether the machine is up (`minikube status`), then run again",
            ) from exc
        try:
            with channel:
                channel.exec_command(command)
                if dialogue is not None:
                    _talk(channel, dialogue, stdout, stderr)
                _pump(channel, stdin, stdout, stderr)
                code = channel.recv_exit_status()
        except (paramiko.SSHException, EOFError, OSError) as exc:
            raise self._lost(self._why(exc)) from exc
        if code >= 0:
            return code
        self._transport.join(SETTLE_SECONDS)
        if not self._transport.is_active():
            raise self._lost(self._why(None))
        return ENDED_BY_SIGNAL

    def open_socket(self, host: str, port: int) -> paramiko.Channel:
        """A TCP connection from the machine to wherever it reaches; ``OSError`` when nothing answers there."""
        try:
            return self._transport.open_channel("direct-tcpip", (host, port), NO_SENDER, timeout=self._target.timeout)
        except paramiko.ChannelException as exc:
            raise ConnectionRefusedError(f"{host}:{port}: {exc}") from exc
        except (paramiko.SSHException, EOFError, OSError) as exc:
            raise SshCutError(f"The connection to {self._target.place} was lost", found=self._why(exc)) from exc

    def _why(self, error: Exception | None) -> str:
        if self._given_up:
            return f"no sign of life for {self._target.silence:g} s"
        if isinstance(error, OSError) and error.strerror:
            return error.strerror.lower()
        # What the library has no reason for, it calls a closed channel.
        return str(error or "").replace("Channel closed.", "") or "it ended while a command was running"

    def _lost(self, why: str) -> SshError:
        return SshError(
            f"The connection to {self._target.place} is lost",
            found=why,
            remedy="The command may have done all or part of its work. See whether the machine is up"
            " (`minikube status`), then run again",
        )


def _load_key(target: Target) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(target.key_file)
    except (OSError, ValueError, TypeError, paramiko.SSHException) as exc:
        # TypeError is what the library raises for a key that is protected by a passphrase.
        raise SshAuthError(
            f"There is no private key for {target.place}",
            wanted=f"a key without a passphrase in {target.key_file}",
            found=str(exc),
            remedy="`minikube start` makes one; run as the user who owns minikube's directory",
        ) from exc


def _connect(target: Target, clock: Clock) -> socket.socket:
    try:
        connection = socket.create_connection((target.host, target.port), timeout=_left(clock))
    except OSError as exc:
        found = f"nothing for {target.timeout:g} s" if isinstance(exc, TimeoutError) else (exc.strerror or str(exc))
        raise SshCutError(
            f"{target.host}:{target.port} is not to be reached",
            wanted="sshd of the node",
            found=found.lower(),
            remedy="See whether the machine is up (`minikube status`) and this machine has a way to it",
        ) from exc
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(target.silence * 1000))
    return connection


def _left(clock: Clock) -> float:
    """A limit for the next step: none at all would mean to wait for ever."""
    return max(0.1, clock.left)


def _handshake(target: Target, transport: paramiko.Transport, clock: Clock) -> None:
    transport.banner_timeout = transport.handshake_timeout = _left(clock)
    known = target.known_hosts
    if known is not None:
        _prefer(transport, [entry.key.algorithm for entry in known.entries()])
    try:
        transport.start_client(timeout=_left(clock))
        # It returns without a word when the time is up.
        if transport.is_active() and not transport.initial_kex_done:
            raise paramiko.SSHException(f"no agreement on keys within {target.timeout:g} s")
        key = transport.get_remote_server_key()
    except Exception as exc:
        # What is not SSH can make the library stumble in any way.
        raise SshCutError(
            f"{target.host}:{target.port} does not speak SSH with us",
            wanted="sshd of the node",
            found=_quoted(str(exc)) or "the connection was closed",
            remedy="See what listens there; a machine that is still booting gets there in a moment",
        ) from exc
    if known is not None:
        known.verify(HostKey(key.asbytes()))


def _prefer(transport: paramiko.Transport, algorithms: t.Iterable[str]) -> None:
    """Ask for the kinds of keys that we can compare; a machine has several, and shows the one that is asked for."""
    options = transport.get_security_options()
    wanted = {name for algorithm in algorithms for name in SIGNATURES.get(algorithm, (algorithm,))}
    options.key_types = tuple(sorted(options.key_types, key=lambda name: name not in wanted))


def _quoted(text: str) -> str:
    """What may be garbage, fit to be shown."""
    shown = "".join(one if one.isprintable() else "?" for one in text.strip())
    return shown if len(shown) <= LONGEST_QUOTE else f"{shown[:LONGEST_QUOTE]}..."


def _authenticate(target: Target, transport: paramiko.Transport, key: paramiko.PKey, clock: Clock) -> None:
    transport.auth_timeout = _left(clock)
    try:
        transport.auth_publickey(target.user, key)
    except (paramiko.SSHException, EOFError, OSError) as exc:
        refused = isinstance(exc, paramiko.AuthenticationException)
        if not refused or any(sign in str(exc) for sign in LOST_AT_LOGIN):
            raise SshCutError(
                f"{target.host}:{target.port} ended the connection during the login of {target.user}",
                wanted="sshd of the node",
                found=_quoted(str(exc)) or "the connection was closed",
                remedy="See whether the machine is up (`minikube status`), then run again",
            ) from exc
        raise SshAuthError(
            f"{target.host}:{target.port} does not let {target.user} in",
            wanted=f"a login with the key {target.key_file}",
            found=str(exc) or "the connection was closed",
            remedy="Key and machine do not belong together; `minikube ssh` shows whether minikube itself gets in",
        ) from exc


def _talk(channel: paramiko.Channel, dialogue: Dialogue, stdout: t.IO[bytes], stderr: t.IO[bytes]) -> None:
    """Answer questions until the command begins or the channel ends."""
    output, errors = bytearray(), bytearray()
    answer = dialogue.answer(b"", b"")
    while answer is not None:
        if answer:
            channel.sendall(answer)
            # The question is none of the command's errors.
            errors.clear()
        if channel.recv_ready():
            output += channel.recv(CHUNK)
        elif channel.recv_stderr_ready():
            errors += channel.recv_stderr(CHUNK)
        elif channel.exit_status_ready() or channel.closed:
            break
        else:
            time.sleep(POLL_SECONDS)
            answer = b""
            continue
        answer = dialogue.answer(bytes(output), bytes(errors))
    stdout.write(output)
    stderr.write(errors)


def _pump(channel: paramiko.Channel, stdin: t.IO[bytes], stdout: t.IO[bytes], stderr: t.IO[bytes]) -> None:
    """Move data both ways at once, or a full buffer on one way would stop the other."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        feeding = pool.submit(_feed, channel, stdin)
        errors = pool.submit(_drain, channel.recv_stderr, stderr)
        try:
            _drain(channel.recv, stdout)
            errors.result()
            feeding.result()
        except BaseException:
            # The time limit of a task interrupts us here. The helpers wait for the machine, and we would wait for them.
            channel.get_transport().close()
            raise


def _feed(channel: paramiko.Channel, stdin: t.IO[bytes]) -> None:
    # A command need not read all of its input; the exit code says whether it was content.
    with contextlib.suppress(OSError):
        while chunk := stdin.read(CHUNK):
            channel.sendall(chunk)
        channel.shutdown_write()


def _drain(receive: t.Callable[[int], bytes], sink: t.IO[bytes]) -> None:
    while chunk := receive(CHUNK):
        sink.write(chunk)
