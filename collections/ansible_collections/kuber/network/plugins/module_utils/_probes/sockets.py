# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check TCP connections, UDP exchanges and pings."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
import re
import socket
import struct
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._probes import remote
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, Probe, shortened

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

ECHO_REQUEST = {4: 8, 6: 128}
ECHO_REPLY = {4: 0, 6: 129}


def _why(exc: OSError) -> str:
    if isinstance(exc, TimeoutError):
        return "no answer in time"
    return shortened(exc.strerror or str(exc)).lower()


@dataclasses.dataclass(frozen=True)
class TcpProbe(Probe):
    host: str
    port: int
    timeout: float = 3.0

    @classmethod
    def load(cls, options: dict[str, t.Any]) -> TcpProbe:
        return cls(**options)

    @property
    def asked(self) -> str:
        return f"nc -z {self.host} {self.port}"

    @property
    def wanted(self) -> str:
        return "a connection"

    def attempt(self) -> Outcome:
        try:
            socket.create_connection((self.host, self.port), self.timeout).close()
        except OSError as exc:
            return Outcome(False, _why(exc))
        return Outcome(True, "connected")


@dataclasses.dataclass(frozen=True)
class UdpProbe(Probe):
    host: str
    port: int
    send: str
    matches: str = ""
    timeout: float = 3.0

    @classmethod
    def load(cls, options: dict[str, t.Any]) -> UdpProbe:
        return cls(**options)

    @property
    def asked(self) -> str:
        return f"printf {self.send!r} | nc -u {self.host} {self.port}"

    @property
    def wanted(self) -> str:
        return f"/{self.matches}/" if self.matches else "a reply"

    def attempt(self) -> Outcome:
        try:
            family, kind, protocol, _name, address = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, kind, protocol) as sock:
                sock.settimeout(self.timeout)
                sock.connect(address)
                sock.send(self.send.encode())
                reply = sock.recv(65535).decode(errors="replace")
        except OSError as exc:
            return Outcome(False, _why(exc))
        return Outcome(re.search(self.matches, reply) is not None, shortened(reply) or "an empty reply")


@dataclasses.dataclass(frozen=True)
class PingProbe(Probe):
    """Sends an ICMP echo request itself, because not every machine has the command ``ping``."""

    address: str
    timeout: float = 2.0
    runner: Runner | None = None
    """Where the request comes from; without it this process sends it."""

    @classmethod
    def load(cls, options: dict[str, t.Any], runner: Runner | None) -> PingProbe:
        return cls(**options, runner=runner)

    @property
    def serial(self) -> bool:
        return self.runner is not None

    @property
    def asked(self) -> str:
        return f"ping -c 1 {self.address}"

    @property
    def wanted(self) -> str:
        return "an echo reply"

    def attempt(self) -> Outcome:
        if self.runner is not None:
            return Outcome(*remote.ping(self.runner, self.address, timeout=self.timeout))
        try:
            version = ipaddress.ip_address(self.address).version
            with _icmp_socket(version) as sock:
                return self._exchange(sock, version)
        except ValueError as exc:
            return Outcome(False, str(exc))
        except PermissionError:
            return Outcome(False, "this user may not send pings (not root, and not in net.ipv4.ping_group_range)")
        except OSError as exc:
            return Outcome(False, _why(exc))

    def _exchange(self, sock: socket.socket, version: int) -> Outcome:
        payload = os.urandom(16)
        began = time.monotonic()
        sock.connect((self.address, 0))
        sock.send(_echo(ECHO_REQUEST[version], payload))
        while (left := began + self.timeout - time.monotonic()) > 0:
            sock.settimeout(left)
            packet = sock.recv(2048)
            # A raw IPv4 socket also delivers the IP header, and the replies for other programs.
            icmp = packet[(packet[0] & 15) * 4 :] if sock.type == socket.SOCK_RAW and version == 4 else packet
            if icmp[0] == ECHO_REPLY[version] and payload in icmp:
                return Outcome(True, f"reply after {(time.monotonic() - began) * 1000:.1f} ms")
        return Outcome(False, "no answer in time")


def _icmp_socket(version: int) -> socket.socket:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    protocol = socket.IPPROTO_ICMP if version == 4 else socket.IPPROTO_ICMPV6
    try:
        return socket.socket(family, socket.SOCK_DGRAM, protocol)
    except PermissionError:
        return socket.socket(family, socket.SOCK_RAW, protocol)


def _echo(kind: int, payload: bytes) -> bytes:
    head = struct.pack("!BBHHH", kind, 0, 0, os.getpid() & 0xFFFF, 1)
    total = sum(struct.unpack(f"!{(len(head) + len(payload)) // 2}H", head + payload))
    total = (total >> 16) + (total & 0xFFFF)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return struct.pack("!BBHHH", kind, 0, checksum, os.getpid() & 0xFFFF, 1) + payload
