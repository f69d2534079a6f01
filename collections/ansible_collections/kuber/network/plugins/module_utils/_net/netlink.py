# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Remove virtual servers without ipvsadm: build netlink messages, and send them with what the node has.

The messages are generic netlink (linux/netlink.h, linux/genetlink.h) of the family IPVS (linux/ip_vs.h).
A node needs perl, or socat with dd and od, to send a message to the kernel and to print the answer.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import itertools
import os
import struct
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net.ipvs import VirtualServer
from ansible_collections.kuber.network.plugins.module_utils._net.programs import NOT_FOUND
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError, Result

if t.TYPE_CHECKING:
    Exchange = t.Callable[[t.Sequence[str], str], Result]
    """Runs a command that may change the node, with this input."""

# A node that has all programs of one of these lists can remove virtual servers.
PROGRAMS = (("ipvsadm",), ("perl",), ("socat", "dd", "od"))
# A socket buffers this many answers until they are read.
AT_ONCE = 100

_REQUEST_WITH_ANSWER = 5
_ERROR = 2
_CONTROL, _GET_FAMILY, _FAMILY_ID, _FAMILY_NAME = 16, 3, 1, 2
_DELETE, _SERVICE = 3, 1
_AF, _PROTOCOL, _ADDRESS, _PORT = 1, 2, 3, 4
_NESTED = 0x8000
_FAMILIES = {4: 2, 6: 10}
_NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132}
_HEADER = struct.Struct("<IHHII")

# Reads octal escapes, as printf does, and prints the answers in hexadecimal. The kernel answers while the
# message is sent, so a short wait is enough. AF_NETLINK is 16, SOCK_RAW 3, NETLINK_GENERIC 16.
_PERL = r"""
socket(my $kernel, 16, 3, 16) or die "netlink: $!\n";
bind($kernel, pack("SSLL", 16, 0, 0, 0)) or die "netlink: $!\n";
my $message = join "", <STDIN>;
$message =~ s/\\([0-7]{3})/chr oct $1/ge;
defined send($kernel, $message, 0) or die "netlink: $!\n";
vec(my $ready = "", fileno($kernel), 1) = 1;
while (select(my $seen = $ready, undef, undef, 0.2)) {
    last unless defined recv($kernel, my $answer, 65536, 0);
    print unpack("H*", $answer);
}
"""
_SCRIPT = rf"""
if command -v perl >/dev/null 2>&1; then exec perl -e '{_PERL.strip()}'; fi
for program in socat dd od; do command -v $program >/dev/null 2>&1 || exit {NOT_FOUND}; done
printf "$(cat)" | dd obs=65536 2>/dev/null |
  socat -b 65536 -t 0.2 - SOCKET-DATAGRAM:16:3:16:x00000000000000000000 | od -An -v -tx1
"""
SEND = ("sh", "-c", _SCRIPT)


def remove(exchange: Exchange, servers: t.Sequence[VirtualServer]) -> dict[VirtualServer, str]:
    """Remove virtual servers; return those that the kernel did not remove, with its reason."""
    family = _family(_send(exchange, [_family_question()]))
    refused: dict[VirtualServer, str] = {}
    for start in range(0, len(servers), AT_ONCE):
        part = servers[start : start + AT_ONCE]
        errors = _errors(_send(exchange, [_removal(family, number, one) for number, one in enumerate(part)]))
        refused |= {one: os.strerror(errors[number]) for number, one in enumerate(part) if errors.get(number)}
    return refused


def _send(exchange: Exchange, messages: t.Iterable[bytes]) -> bytes:
    text = "".join(f"\\{byte:03o}" for byte in itertools.chain.from_iterable(messages))
    done = exchange(SEND, text)
    if done.rc != 0:
        raise CommandError(dataclasses.replace(done, argv=("netlink",)))
    return bytes.fromhex("".join(done.stdout.split()))


def _message(kind: int, number: int, command: int, attributes: bytes) -> bytes:
    length = _HEADER.size + 4 + len(attributes)
    return _HEADER.pack(length, kind, _REQUEST_WITH_ANSWER, number, 0) + struct.pack("<BBH", command, 1, 0) + attributes


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("<HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _family_question() -> bytes:
    return _message(_CONTROL, 0, _GET_FAMILY, _attribute(_FAMILY_NAME, b"IPVS\0"))


def _removal(family: int, number: int, server: VirtualServer) -> bytes:
    address = ipaddress.ip_address(server.address)
    service = (
        _attribute(_AF, struct.pack("<H", _FAMILIES[address.version]))
        + _attribute(_PROTOCOL, struct.pack("<H", _NUMBERS[server.protocol]))
        + _attribute(_ADDRESS, address.packed.ljust(16, b"\0"))
        + _attribute(_PORT, struct.pack(">H", server.port))
    )
    return _message(family, number, _DELETE, _attribute(_SERVICE | _NESTED, service))


def _messages(data: bytes) -> t.Iterator[tuple[int, int, bytes]]:
    """Yield type, number and content of each message."""
    while len(data) >= _HEADER.size:
        length, kind, _flags, number, _port = _HEADER.unpack_from(data)
        if length < _HEADER.size:
            return
        yield kind, number, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def _family(answer: bytes) -> int:
    """Return the number that the kernel has assigned to the family IPVS."""
    for kind, _number, content in _messages(answer):
        if kind == _CONTROL:
            return next(
                int.from_bytes(value, "little")
                for attribute, value in _attributes(content[4:])
                if attribute == _FAMILY_ID
            )
    errors = _errors(answer)
    why = os.strerror(errors[0]) if errors.get(0) else "no answer from the kernel"
    raise CommandError(Result(("netlink",), 1, "", f"family IPVS: {why}"))


def _attributes(data: bytes) -> t.Iterator[tuple[int, bytes]]:
    while len(data) >= 4:
        length, kind = struct.unpack_from("<HH", data)
        if length < 4:
            return
        yield kind, data[4:length]
        data = data[(length + 3) & ~3 :]


def _errors(answer: bytes) -> dict[int, int]:
    """Return the error number for each message; 0 is success."""
    return {
        number: -struct.unpack_from("<i", content)[0]
        for kind, number, content in _messages(answer)
        if kind == _ERROR and len(content) >= 4
    }
