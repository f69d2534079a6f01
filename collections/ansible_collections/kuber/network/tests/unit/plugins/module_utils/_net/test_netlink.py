# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual servers go without ipvsadm: what is said to the kernel, and that both ways lead there."""

from __future__ import annotations

import ipaddress
import pathlib
import shutil
import struct
import subprocess
import sys

import pytest

from ansible_collections.kuber.network.plugins.module_utils._net import netlink
from ansible_collections.kuber.network.plugins.module_utils._net.ipvs import VirtualServer
from ansible_collections.kuber.network.plugins.module_utils._runner import CommandError, Result

FAMILY = 34
PROTOCOLS = {6: "TCP", 17: "UDP", 132: "SCTP"}
GONE, DENIED = 3, 1


def attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while data:
        length, kind = struct.unpack_from("<HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[length + 3 & ~3 :]
    return found


def packed(kind: int, number: int, content: bytes) -> bytes:
    return struct.pack("<IHHII", 16 + len(content), kind, 0, number, 0) + content


class Kernel:
    """A kernel with virtual servers, on the other side of netlink; read as linux/ip_vs.h describes it."""

    def __init__(self, *servers: VirtualServer, kept: tuple[VirtualServer, ...] = ()) -> None:
        self.servers = set(servers)
        self.kept = kept
        self.longest = 0

    def __call__(self, argv: tuple[str, ...], text: str) -> Result:
        data = bytes(int(part, 8) for part in text.split("\\")[1:])
        answers, count = b"", 0
        while data:
            length, kind, flags, number, _port = struct.unpack_from("<IHHII", data)
            assert flags == 5
            answers += self.answer(kind, number, data[16:length])
            data = data[length + 3 & ~3 :]
            count += 1
        self.longest = max(self.longest, count)
        return Result(tuple(argv), 0, answers.hex(" "), "")

    def answer(self, kind: int, number: int, content: bytes) -> bytes:
        command = content[0]
        if kind == 16:
            assert (command, attributes(content[4:])) == (3, {2: b"IPVS\0"})
            name = struct.pack("<HH", 9, 2) + b"IPVS\0\0\0\0"
            found = struct.pack("<BBH", 1, 2, 0) + name + struct.pack("<HHHxx", 6, 1, FAMILY)
            return packed(16, number, found) + packed(2, number, struct.pack("<i", 0))
        assert (kind, command) == (FAMILY, 3)
        service = attributes(attributes(content[4:])[1])
        family = struct.unpack("<H", service[1])[0]
        size = {2: 4, 10: 16}[family]
        assert len(service[3]) == 16
        server = VirtualServer(
            PROTOCOLS[struct.unpack("<H", service[2])[0]],
            str(ipaddress.ip_address(service[3][:size])),
            struct.unpack(">H", service[4])[0],
        )
        error = DENIED if server in self.kept else 0 if server in self.servers else GONE
        if not error:
            self.servers.remove(server)
        return packed(2, number, struct.pack("<i", -error))


SERVERS = (
    VirtualServer("TCP", "10.96.0.1", 443),
    VirtualServer("UDP", "10.96.0.10", 53),
    VirtualServer("SCTP", "192.168.99.134", 30_007),
    VirtualServer("TCP", "fd00::1", 65_535),
    VirtualServer("UDP", "fd00:10:96::a", 1),
    VirtualServer("SCTP", "2001:db8::7", 256),
)


def test_servers_of_both_families_and_all_protocols_go() -> None:
    stays = VirtualServer("TCP", "10.96.0.1", 444)
    kernel = Kernel(*SERVERS, stays)
    assert netlink.remove(kernel, SERVERS) == {}
    assert kernel.servers == {stays}


def test_what_the_kernel_refuses_is_named_with_its_reason() -> None:
    kernel = Kernel(*SERVERS, kept=SERVERS[1:2])
    assert netlink.remove(kernel, SERVERS) == {SERVERS[1]: "Operation not permitted"}
    assert kernel.servers == {SERVERS[1]}


def test_many_go_in_several_messages_of_a_size_that_can_be_answered() -> None:
    servers = [VirtualServer("TCP", f"10.96.{number // 250}.{number % 250}", 80) for number in range(1_000)]
    kernel = Kernel(*servers)
    assert netlink.remove(kernel, servers) == {}
    assert (kernel.servers, kernel.longest) == (set(), netlink.AT_ONCE)


@pytest.fixture
def node(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory of programs: a shell and nothing else."""
    (tmp_path / "sh").symlink_to(shutil.which("dash") or "/bin/sh")
    return tmp_path


def give(node: pathlib.Path, *programs: str) -> None:
    for program in programs:
        path = shutil.which(program)
        if path is None:
            pytest.skip(f"there is no {program}")
        (node / program).symlink_to(path)


def send(node: pathlib.Path, text: str) -> Result:
    done = subprocess.run(
        [str(node / "sh"), *netlink.SEND[1:]],
        input=text,
        env={"PATH": str(node)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(("sh",), done.returncode, done.stdout, done.stderr)


# What every kernel has: the family that says which others there are, and one message that it does not know.
QUESTION = struct.pack("<IHHIIBBHHH", 31, 16, 5, 1, 0, 3, 1, 0, 11, 2) + b"nlctrl\0\0"
NONSENSE = struct.pack("<IHHIIBBH", 20, 16, 5, 2, 0, 99, 1, 0)


@pytest.mark.parametrize("programs", [("perl",), ("socat", "dd", "od", "cat")], ids=" ".join)
def test_both_ways_lead_to_a_real_kernel_and_back(node: pathlib.Path, programs: tuple[str, ...]) -> None:
    give(node, *programs)
    done = send(node, "".join(f"\\{byte:03o}" for byte in QUESTION + NONSENSE))
    assert (done.rc, done.stderr) == (0, "")
    answer = bytes.fromhex("".join(done.stdout.split()))
    assert b"nlctrl\0" in answer
    assert struct.pack("<II", 2, 0)[:4] in answer
    unknown = struct.pack("<i", -95)
    assert unknown in answer


def test_a_node_without_any_of_the_programs_says_so(node: pathlib.Path) -> None:
    give(node, "cat", "dd")
    assert send(node, "").rc == 127


def test_a_kernel_without_ipvs_is_an_error(node: pathlib.Path) -> None:
    if pathlib.Path("/proc/net/ip_vs").exists():
        pytest.skip("this kernel has IPVS")
    give(node, "perl")
    with pytest.raises(CommandError, match="family IPVS: No such file or directory"):
        netlink.remove(lambda argv, text: send(node, text), SERVERS)


def test_the_message_of_a_socket_that_cannot_be_made_is_shown(node: pathlib.Path) -> None:
    (node / "perl").write_text(f"#!{sys.executable}\nimport sys; sys.exit('netlink: Permission denied')\n")
    (node / "perl").chmod(0o755)
    with pytest.raises(CommandError, match="netlink: Permission denied"):
        netlink.remove(lambda argv, text: send(node, text), SERVERS)
