# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Query from another place with the programs that every node has: curl, bash and ping."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import math
import re
import secrets
import shlex
import typing as t
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._net.programs import NOT_FOUND
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import UnaskedError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

# Command lines have a limit, and one answer should not wait for too many others.
URLS_AT_ONCE = 100
TIMED_OUT = 124
CURL = ("curl", "--silent", "--show-error", "--location", "--noproxy", "*", "--globoff")
COMPLAINT = re.compile(r"^curl: \((\d+)\) (.*)$", re.MULTILINE)
# curl's exit codes: since 7.88 it does not distinguish a refused connection from an unreachable one.
REASONS = {"7": "no connection", "28": "no answer in time"}
ROUND_TRIP = re.compile(r"time=([0-9.]+) ?ms")
# bash opens sockets. dd reads a given number of bytes, or one datagram.
SEND = 'exec 3<>"/dev/$0/$1/$2" || exit 1; printf %s "$3" | base64 -d >&3; '
RECEIVE = {
    "udp": "dd bs=65535 count=1 <&3 2>/dev/null | base64",
    "tcp": "set -- $(dd bs=1 count=2 <&3 2>/dev/null | od -An -tu1); "
    '[ $# = 2 ] && dd bs=1 count="$(($1 * 256 + $2))" <&3 2>/dev/null | base64',
}


@dataclasses.dataclass(frozen=True)
class Answer:
    """The answer to a request; without a status, why there was none."""

    status: int
    body: str = ""
    problem: str = ""


def fetch(
    runner: Runner, url: str, headers: Sequence[tuple[str, str]], *, timeout: float, count: int, address: str
) -> Iterator[Answer]:
    """Send ``count`` requests, each on its own connection."""
    mark = f"answer-{secrets.token_hex(8)}"
    argv = [*CURL, "--max-time", f"{timeout:g}", "--write-out", f"\n{mark} %{{http_code}}\n"]
    for name, value in (("Connection", "close"), *headers):
        argv += ["--header", f"{name}: {value}"]
    argv += resolve_options(url, address)
    for number in range(0, count, URLS_AT_ONCE):
        done = _run(runner, [*argv, *[url] * min(URLS_AT_ONCE, count - number)])
        # A terminal in between, as OpenSSH makes one for sudo, ends lines in its own way and mixes in what is wrong.
        complaints = iter(COMPLAINT.findall(done.stderr))
        parts = re.split(rf"\n?{mark} (\d+)\n", done.stdout.replace("\r\n", "\n"))
        if len(parts) < 3:
            yield Answer(0, problem=done.stderr.strip() or f"exit code {done.rc}")
            return
        for body, status in zip(parts[::2], parts[1::2], strict=False):
            if int(status):
                yield Answer(int(status), body)
            else:
                mixed_in = COMPLAINT.findall(body)
                yield Answer(0, problem=_reason(mixed_in[-1] if mixed_in else next(complaints, ("", ""))))


def resolve_options(url: str, address: str) -> list[str]:
    """Return curl's options to connect to an address, whatever the name in the URL resolves to."""
    if not address:
        return []
    parts = urllib.parse.urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return ["--resolve", f"{parts.hostname}:{port}:{f'[{address}]' if ':' in address else address}"]


def _reason(complaint: tuple[str, str]) -> str:
    code, text = complaint
    return REASONS.get(code) or text or "no answer"


def exchange(runner: Runner, message: bytes, server: str, port: int, *, transport: str, timeout: float) -> bytes:
    """Send a message of DNS and return the reply."""
    framed = len(message).to_bytes(2, "big") + message if transport == "tcp" else message
    script = SEND + RECEIVE[transport]
    data = base64.b64encode(framed).decode()
    done = _run(runner, ["timeout", _whole(timeout), "bash", "-c", script, transport, server, str(port), data])
    if done.rc == TIMED_OUT:
        raise TimeoutError
    try:
        reply = base64.b64decode("".join(done.stdout.split()))
    except binascii.Error as exc:
        raise OSError(f"not a DNS reply: {done.stdout.strip()[:40]}") from exc
    if not reply:
        said = done.stderr.strip().rpartition(": ")[2]
        raise OSError(said or "the connection was closed without a reply")
    return reply


def ping(runner: Runner, address: str, *, timeout: float) -> tuple[bool, str]:
    done = _run(runner, ["ping", "-c", "1", "-W", _whole(timeout), address])
    found = ROUND_TRIP.search(done.stdout)
    if done.rc == 0:
        return True, f"reply after {found[1]} ms" if found else "reply"
    return False, "no answer in time" if "packet loss" in done.stdout else done.stderr.strip() or f"exit code {done.rc}"


def _whole(seconds: float) -> str:
    """Round up: some nodes' tools accept only whole seconds."""
    return str(math.ceil(seconds))


def _run(runner: Runner, argv: Sequence[str]) -> Result:
    done = runner.run(argv, check=False)
    if done.rc == NOT_FOUND:
        raise UnaskedError(f"Cannot run `{shlex.join(argv[:1])}` there", found=done.stderr.strip() or "not found")
    return done
