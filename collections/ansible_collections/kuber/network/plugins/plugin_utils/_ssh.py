# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Run commands on a machine over SSH; it needs nothing but a shell."""

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
from ansible_collections.kuber.network.plugins.module_utils._timing import Backoff, Clock, retry
from ansible_collections.kuber.network.plugins.plugin_utils._known_hosts import HostKey, KnownHosts

CHUNK = 32 * 1024
KEEPALIVES_PER_SILENCE = 4
POLL_SECONDS = 0.02
FIRST_PAUSE = 0.5
# The library's messages if the connection ends or times out during the login: then the key is not the problem.
LOST_AT_LOGIN = ("saw EOF", "timeout")
# A command without an exit code was ended by a signal, or the connection is about to be reported as closed.
SETTLE_SECONDS = 0.5
LONGEST_QUOTE = 80
# The program that a connection through the machine is made for, which only its log would show.
NO_SENDER = ("127.0.0.1", 0)
# Keys of this type can sign with several algorithms (RFC 8332).
SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}
# A shell's exit code for a command ended by a signal; SSH reports none.
ENDED_BY_SIGNAL = 128
# Characters that shells read differently inside single quotes: csh refuses line breaks and replaces "!", and fish
# knows backslashes. printf understands their numbers, and it is its format that they stand in.
SPECIAL = {ord(one): f"\\{ord(one):03o}" for one in "\\'!%\n\r"}

# Errors are raised with our own messages; without a handler Python would also print paramiko's.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


def in_any_shell(command: str) -> str:
    """Return a line with which any login shell (also csh and fish) runs the command in ``/bin/sh``."""
    return f"exec /bin/sh -c 'eval \"$(printf -- \"$0\")\"' '{command.translate(SPECIAL)}'"


class SshError(KuberError):
    """The session with the machine failed or ended."""


class SshCutError(SshError):
    """A connection failed, or ended before a command began: it may be retried."""


class SshAuthError(SshError):
    """The machine rejected the login."""


@dataclasses.dataclass(frozen=True)
class SshTarget:
    """The machine, the user, and how to verify the machine."""

    host: str
    port: int
    user: str
    key_file: str
    known_hosts: KnownHosts | None
    timeout: float
    """How long connecting may take, all attempts together, or beginning a command."""
    silence: float = 60
    """After how long without a sign of life from its sshd the machine counts as dead, not merely busy."""
    retries: int = 0
    """How often to retry the connection."""

    @property
    def place(self) -> str:
        return f"{self.user}@{self.host}:{self.port}"


class Dialogue(t.Protocol):
    """Answers prompts that come before the command's output, such as for a password."""

    def answer(self, output: bytes, errors: bytes) -> bytes | None:
        """Return what to type after the output so far (empty: nothing yet); ``None`` once the command has begun."""


class _Line:
    """A socket that records when it last received something."""

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
    """A transport whose keepalives require an answer, as OpenSSH's: a kernel acknowledges even if sshd hangs."""

    def __init__(self, line: _Line) -> None:
        self.line = line
        super().__init__(t.cast("socket.socket", line))

    def ask_for_life(self, seconds: float) -> None:
        """Send a keepalive whenever nothing was sent for so long; any answer is a sign of life."""
        self.packetizer.set_keepalive(seconds, self._ask)

    def _ask(self) -> None:
        message = paramiko.Message()
        message.add_byte(paramiko.common.cMSG_GLOBAL_REQUEST)
        message.add_string("keepalive@openssh.com")
        message.add_boolean(True)
        self._send_user_message(message)  # type: ignore[attr-defined]


class Session:
    """One TCP connection to a machine, for any number of commands in sequence."""

    def __init__(self, target: SshTarget, transport: _Transport) -> None:
        self._target = target
        self._transport = transport
        self._given_up = False
        self._ended = threading.Event()
        self._interval = target.silence / KEEPALIVES_PER_SILENCE
        transport.ask_for_life(self._interval)
        threading.Thread(target=self._watch, name=f"silence of {target.place}", daemon=True).start()

    @classmethod
    def open(cls, target: SshTarget) -> Session:
        key = _load_key(target)
        clock = Clock(target.timeout)
        return retry(
            lambda: cls._open_once(target, key, clock),
            SshCutError,
            tries=target.retries + 1,
            clock=clock,
            backoff=Backoff(FIRST_PAUSE),
        )

    @classmethod
    def _open_once(cls, target: SshTarget, key: paramiko.PKey, clock: Clock) -> Session:
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
                remedy="Check that the machine is running (`minikube status`), then run again",
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
        # The library's message without a reason.
        return str(error or "").replace("Channel closed.", "") or "it was closed while a command was running"

    def _lost(self, why: str) -> SshError:
        return SshError(
            f"The connection to {self._target.place} was lost",
            found=why,
            remedy="The command may have done all or part of its work. Check that the machine is running"
            " (`minikube status`), then run again",
        )


def _load_key(target: SshTarget) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(target.key_file)
    except (OSError, ValueError, TypeError, paramiko.SSHException) as exc:
        # The library raises TypeError for a key with a passphrase.
        raise SshAuthError(
            f"Cannot use the private key for {target.place}",
            wanted=f"a key without a passphrase in {target.key_file}",
            found=str(exc),
            remedy="Run `minikube start`, which creates one, and run this as the user who owns minikube's directory",
        ) from exc


def _connect(target: SshTarget, clock: Clock) -> socket.socket:
    try:
        connection = socket.create_connection((target.host, target.port), timeout=_left(clock))
    except OSError as exc:
        found = f"no answer for {target.timeout:g} s" if isinstance(exc, TimeoutError) else (exc.strerror or str(exc))
        raise SshCutError(
            f"Cannot connect to {target.host}:{target.port}",
            wanted="sshd of the node",
            found=found.lower(),
            remedy="Check that the machine is running (`minikube status`) and that this machine can reach it",
        ) from exc
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(target.silence * 1000))
    return connection


def _left(clock: Clock) -> float:
    """Return the limit for the next step; no limit would mean to wait forever."""
    return max(0.1, clock.left)


def _handshake(target: SshTarget, transport: paramiko.Transport, clock: Clock) -> None:
    transport.banner_timeout = transport.handshake_timeout = _left(clock)
    known = target.known_hosts
    if known is not None:
        _prefer(transport, [entry.key.algorithm for entry in known.entries()])
    try:
        transport.start_client(timeout=_left(clock))
        # It returns without an error when the time is up.
        if transport.is_active() and not transport.initial_kex_done:
            raise paramiko.SSHException(f"no key exchange within {target.timeout:g} s")
        key = transport.get_remote_server_key()
    except Exception as exc:
        # If the peer does not speak SSH, the library can raise anything.
        raise SshCutError(
            f"No SSH handshake with {target.host}:{target.port}",
            wanted="sshd of the node",
            found=_quoted(str(exc)) or "the connection was closed",
            remedy="Check what listens there; if the machine is still booting, try again",
        ) from exc
    if known is not None:
        known.verify(HostKey(key.asbytes()))


def _prefer(transport: paramiko.Transport, algorithms: t.Iterable[str]) -> None:
    """Request the types of host keys that are known; a machine has several, and presents the requested one."""
    options = transport.get_security_options()
    wanted = {name for algorithm in algorithms for name in SIGNATURES.get(algorithm, (algorithm,))}
    options.key_types = tuple(sorted(options.key_types, key=lambda name: name not in wanted))


def _quoted(text: str) -> str:
    """Quote a text that may contain anything."""
    shown = "".join(one if one.isprintable() else "?" for one in text.strip())
    return shown if len(shown) <= LONGEST_QUOTE else f"{shown[:LONGEST_QUOTE]}..."


def _authenticate(target: SshTarget, transport: paramiko.Transport, key: paramiko.PKey, clock: Clock) -> None:
    transport.auth_timeout = _left(clock)
    try:
        further = transport.auth_publickey(target.user, key)
    except (paramiko.SSHException, EOFError, OSError) as exc:
        refused = isinstance(exc, paramiko.AuthenticationException)
        if not refused or any(sign in str(exc) for sign in LOST_AT_LOGIN):
            raise SshCutError(
                f"{target.host}:{target.port} closed the connection during the login of user {target.user}",
                wanted="sshd of the node",
                found=_quoted(str(exc)) or "the connection was closed",
                remedy="Check that the machine is running (`minikube status`), then run again",
            ) from exc
        raise SshAuthError(
            f"{target.host}:{target.port} rejected the login of user {target.user}",
            wanted=f"a login with the key {target.key_file}",
            found=str(exc) or "the connection was closed",
            remedy="The key does not match the machine; check whether `minikube ssh` works",
        ) from exc
    if further:
        raise SshAuthError(
            f"{target.host}:{target.port} requires more than a key from user {target.user}",
            wanted=f"a login with the key {target.key_file} alone",
            found=f"a further step: {', '.join(further)}",
            remedy=f"Allow it in /etc/ssh/sshd_config of the node: `AuthenticationMethods publickey` for {target.user}",
        )


def _talk(channel: paramiko.Channel, dialogue: Dialogue, stdout: t.IO[bytes], stderr: t.IO[bytes]) -> None:
    """Answer prompts until the command begins or the channel ends."""
    output, errors = bytearray(), bytearray()
    answer = dialogue.answer(b"", b"")
    while answer is not None:
        if answer:
            channel.sendall(answer)
            # The prompt is not part of the command's standard error.
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
    """Move data in both directions at once: a full buffer in one must not block the other."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        feeding = pool.submit(_feed, channel, stdin)
        errors = pool.submit(_drain, channel.recv_stderr, stderr)
        try:
            _drain(channel.recv, stdout)
            errors.result()
            feeding.result()
        except BaseException:
            # A task's timeout interrupts this wait. The threads may wait for the machine; do not wait for them.
            channel.get_transport().close()
            raise


def _feed(channel: paramiko.Channel, stdin: t.IO[bytes]) -> None:
    # A command need not read all of its input; its exit code says whether it succeeded.
    with contextlib.suppress(OSError):
        while chunk := stdin.read(CHUNK):
            channel.sendall(chunk)
        channel.shutdown_write()


def _drain(receive: t.Callable[[int], bytes], sink: t.IO[bytes]) -> None:
    while chunk := receive(CHUNK):
        sink.write(chunk)
