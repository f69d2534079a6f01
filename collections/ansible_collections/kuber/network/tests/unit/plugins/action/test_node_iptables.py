# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module, run by ansible on several nodes: each is a network namespace, behind a shell or a real sshd."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t
import uuid

import pytest

from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net import proxy_process

COLLECTIONS = pathlib.Path(__file__).parents[7]
DUMPS = pathlib.Path(__file__).parents[1] / "module_utils" / "_net" / "dumps"
PROGRAMS = {"ipv4": "iptables-legacy", "ipv6": "ip6tables-legacy"}
# A shell in the namespace, which tells when it began and ended.
SHELL = """#!/bin/sh
date +%s.%N >> {log}
ip netns exec {name} /bin/sh "$@"
code=$?
sleep 1
date +%s.%N >> {log}
exit $code
"""
# What sshd runs instead of the command: the node dies when IPv6 is about to be written.
DYING = """#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
  *--test*) ;;
  *ip6tables-legacy-restore*) test -e {alive} || {{ kill -9 $PPID; exit; }} ;;
esac
exec ip netns exec {name} /bin/sh -c "$SSH_ORIGINAL_COMMAND"
"""


@dataclasses.dataclass(frozen=True)
class Node:
    """A node between two modes: kube-proxy runs in IPVS mode, and the rules of iptables mode are still there."""

    name: str
    home: pathlib.Path
    proxies: list[proxy_process.FakeProxy] = dataclasses.field(default_factory=list, compare=False)

    def run(self, *argv: str, stdin: bytes = b"") -> bytes:
        command = ["ip", "netns", "exec", self.name, *argv]
        return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout

    def set_up(self) -> None:
        self.run("ipset", "restore", stdin=(DUMPS / "iptables_to_ipvs.ipset").read_bytes())
        for family, program in PROGRAMS.items():
            self.run(f"{program}-restore", stdin=(DUMPS / f"iptables_to_ipvs.{family}").read_bytes())

    def leftovers(self, family: str) -> int:
        return self.run(f"{PROGRAMS[family]}-save").count(b":KUBE-PROXY-CANARY ")

    @property
    def log(self) -> pathlib.Path:
        return self.home / f"{self.name}.log"

    def script(self, text: str, **values: object) -> str:
        path = self.home / f"{self.name}.sh"
        path.write_text(text.format(name=self.name, log=self.log, **values))
        path.chmod(0o755)
        return str(path)


@pytest.fixture
def nodes(tmp_path: pathlib.Path) -> t.Iterator[list[Node]]:
    missing = [name for name in ("ip", "ipset", "iptables-legacy") if shutil.which(name) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing else'}")
    found = [Node(f"kuber-test-{uuid.uuid4().hex[:8]}", tmp_path) for _number in range(3)]
    with contextlib.ExitStack() as proxies:
        for node in found:
            subprocess.run(["ip", "netns", "add", node.name], check=True)
            node.set_up()
            node.proxies.append(proxies.enter_context(proxy_process.running(node.name, tmp_path, "ipvs")))
        yield found
    for node in found:
        subprocess.run(["ip", "netns", "delete", node.name], check=True)


def play(home: pathlib.Path, hosts: dict[str, dict[str, t.Any]], *flags: str) -> tuple[dict[str, t.Any], str]:
    """The result of the module by host, and all that was printed."""
    task = {"name": "Clean", "kuber.network.node_iptables": {"proxy_mode": "ipvs"}, "register": "done"}
    keep = {
        "name": "Keep",
        "ansible.builtin.copy": {
            "content": "{{ done | to_json }}",
            "dest": f"{home}/{{{{ inventory_hostname }}}}.json",
        },
        "delegate_to": "localhost",
        "check_mode": False,
    }
    tasks = [task | {"ignore_errors": True}, keep]
    (home / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
    (home / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))
    settings = home / "ansible.cfg"
    settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\nlocal_tmp={home}/local\n")
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", "-i", f"{home}/hosts.json", f"{home}/play.yml", *flags],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"ANSIBLE_CONFIG": str(settings)},
    )
    results = {host: home / f"{host}.json" for host in hosts}
    output = done.stdout + done.stderr
    assert all(path.exists() for path in results.values()), output
    return {host: json.loads(path.read_text()) for host, path in results.items()}, output


def test_all_nodes_are_cleaned_at_the_same_time(nodes: list[Node], tmp_path: pathlib.Path) -> None:
    hosts = {
        node.name: {"ansible_connection": "local", "ansible_shell_executable": node.script(SHELL)} for node in nodes
    }
    results, output = play(tmp_path, hosts, "--diff")
    for node in nodes:
        assert (results[node.name]["changed"], results[node.name]["backend"]) == (True, "legacy"), output
        assert (node.leftovers("ipv4"), node.leftovers("ipv6")) == (0, 0)
    assert "-:KUBE-NODEPORTS -" in output
    # Nobody waits for somebody else: the first command of each begins before the first of any other has ended.
    times = [[float(line) for line in node.log.read_text().split()] for node in nodes]
    assert max(found[0] for found in times) < min(found[1] for found in times)
    again = play(tmp_path, hosts)[0]
    assert [(again[node.name]["changed"], again[node.name]["failed"]) for node in nodes] == [(False, False)] * 3


def test_a_node_that_dies_in_between_tells_how_far_it_got(
    nodes: list[Node], sshd: t.Any, tmp_path: pathlib.Path
) -> None:
    node, alive = nodes[0], tmp_path / "alive"
    sshd.stop()
    config = sshd.home / "config"
    config.write_text(f"ForceCommand {node.script(DYING, alive=alive)}\n{config.read_text()}")
    sshd.start()
    hosts = {"minikube": sshd.variables(tmp_path / "known_hosts")}
    died = play(tmp_path, hosts)[0]["minikube"]
    assert (died["failed"], died["changed"]) == (True, True), died
    assert "The connection to the node was lost while it was being changed" in died["msg"]
    assert "Commands begun: iptables-legacy-restore" in died["msg"]
    assert node.leftovers("ipv4") == 0
    assert node.leftovers("ipv6") > 0
    alive.touch()
    completed = play(tmp_path, hosts)[0]["minikube"]
    assert (completed["changed"], completed["removed"]["ipv4"]) == (True, []), completed
    assert node.leftovers("ipv6") == 0
    assert not play(tmp_path, hosts)[0]["minikube"]["changed"]


def test_comments_of_any_bytes_go_there_and_back(nodes: list[Node], tmp_path: pathlib.Path) -> None:
    node = nodes[0]
    jump = b'-A INPUT -m comment --comment "bytes \xff\xfe" -j KUBE-NODEPORTS'
    theirs = b'-A INPUT -m comment --comment "more \xe9" -j ACCEPT'
    node.run("iptables-legacy-restore", "--noflush", stdin=b"\n".join([b"*filter", jump, theirs, b"COMMIT", b""]))
    hosts = {node.name: {"ansible_connection": "local", "ansible_shell_executable": node.script(SHELL)}}
    result, output = play(tmp_path, hosts)
    assert result[node.name]["changed"], output
    saved = node.run("iptables-legacy-save")
    assert theirs in saved
    assert jump not in saved


ROLE_PLAY = [
    {
        "hosts": "nodes",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Set up the rules of the node",
                "ansible.builtin.import_role": {"name": "kuber.network.kube_proxy", "tasks_from": "node"},
            }
        ],
    }
]


def test_a_run_without_the_play_that_sets_the_mode_removes_nothing_and_names_it(
    nodes: list[Node], tmp_path: pathlib.Path
) -> None:
    """As with --limit minikube, and on each node by its own answer."""
    nodes[1].proxies[0].answer(proxyMode="iptables")
    nodes[2].proxies[0].answer(proxyMode=None)
    hosts = {
        node.name: {
            "ansible_connection": "local",
            "ansible_shell_executable": node.script('#!/bin/sh\nexec ip netns exec {name} /bin/sh "$@"\n'),
        }
        for node in nodes
    }
    (tmp_path / "hosts.json").write_text(json.dumps({"nodes": {"hosts": hosts}}))
    (tmp_path / "role.yml").write_text(json.dumps(ROLE_PLAY))
    settings = tmp_path / "ansible.cfg"
    settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\nlocal_tmp={tmp_path}/local\n")
    argv = [sys.executable, "-m", "ansible.cli.playbook", "-i", f"{tmp_path}/hosts.json", f"{tmp_path}/role.yml"]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=os.environ | {"ANSIBLE_CONFIG": str(settings)}
    )
    output = done.stdout + done.stderr
    assert done.returncode == 2, output
    assert [node.leftovers("ipv4") > 0 for node in nodes] == [False, True, True], output
    assert output.count("so nothing on the node was changed") >= 2
    assert "found: iptables. The play 'Set the mode of kube-proxy' of node.yml sets the mode" in output


def test_equal_warnings_of_two_nodes_name_their_nodes(nodes: list[Node], tmp_path: pathlib.Path) -> None:
    for node in nodes[:2]:
        node.run("iptables-legacy", "-N", "MINE")
        node.run("iptables-legacy", "-A", "MINE", "-j", "KUBE-NODEPORTS")
    hosts = {
        node.name: {"ansible_connection": "local", "ansible_shell_executable": node.script(SHELL)} for node in nodes[:2]
    }
    for flags in (["--check"], [], []):
        results, output = play(tmp_path, hosts, *flags)
        for node in nodes[:2]:
            assert "left" in results[node.name], output
            (left,) = results[node.name]["left"]
            assert "KUBE-NODEPORTS" in left
            assert f"Node {node.name}: {left[:40]}" in " ".join(output.split())
