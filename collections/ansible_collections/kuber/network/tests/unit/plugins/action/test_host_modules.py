# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role of this machine as a user without rights runs it: nothing is asked for until something has to be changed."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest

COLLECTIONS = pathlib.Path(__file__).parents[7]
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")
ROUTE = {"destination": "172.17.255.0/24", "via": "192.168.99.134"}
ENTRIES = [{"address": "172.17.255.3", "names": ["example.app.org"]}]
SET_UP: tuple[dict[str, t.Any], ...] = (
    {"name": "Route", "kuber.network.static_route": ROUTE, "become": True},
    {"name": "Names", "kuber.network.hosts_entries": {"entries": ENTRIES}, "become": True},
)
LOOK: tuple[dict[str, t.Any], ...] = (
    {
        "name": "Preflight",
        "kuber.network.preflight": {"route": ROUTE["destination"], "via": ROUTE["via"], "names": ENTRIES},
    },
)

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root, even to do without it inside")


@dataclasses.dataclass(frozen=True)
class Host:
    """A machine with a network and a hosts file of its own, on which nobody runs Ansible."""

    holder: subprocess.Popen[bytes]
    home: pathlib.Path

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("nsenter", f"--target={self.holder.pid}", "--net", "--mount")

    def run(self, script: str) -> str:
        argv = [*self.prefix, "sh", "-euc", script]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def play(
        self, *options: str, root: bool = False, tasks: t.Sequence[dict[str, t.Any]] = SET_UP
    ) -> tuple[int, str, dict[str, str]]:
        """Run the tasks; the exit code, what was printed, and the counts of the recap."""
        book = self.home / "play.yml"
        book.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]))
        scratch = self.home / "tmp"
        settings = self.home / "ansible.cfg"
        settings.write_text(
            f"[defaults]\ncollections_path={COLLECTIONS}\nhome={scratch}\nlocal_tmp={scratch}\nremote_tmp={scratch}\n"
        )
        program = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
        variables = ["-e", f"ansible_python_interpreter={sys.executable}", "-e", "ansible_become_flags='-H -S -n'"]
        argv = [*self.prefix, *(() if root else NOBODY), program, "-i", "localhost,", "-c", "local", *variables]
        environment = os.environ | {"ANSIBLE_CONFIG": str(settings), "HOME": str(scratch)}
        done = subprocess.run(
            [*argv, *options, str(book)], capture_output=True, text=True, check=False, env=environment
        )
        output = done.stdout + done.stderr
        recaps = [line for line in done.stdout.splitlines() if line.startswith("localhost ")]
        assert recaps, output
        return done.returncode, output, dict(word.split("=") for word in recaps[-1].split() if "=" in word)

    def hosts(self) -> str:
        return self.run("cat /etc/hosts")

    def routes(self) -> list[str]:
        return [line.strip() for line in self.run("ip route show to exact 172.17.255.0/24").splitlines()]


@pytest.fixture
def host() -> t.Iterator[Host]:
    if shutil.which("sudo") is None:
        pytest.skip("there is no sudo")
    # pytest's own directories are closed to others.
    home = pathlib.Path("/tmp") / f"kuber-test-host-{os.getpid()}"
    home.mkdir(mode=0o755)
    (home / "tmp").mkdir()
    os.chown(home / "tmp", 65534, 65534)
    (home / "hosts").write_text("127.0.0.1 localhost\n")
    holder = subprocess.Popen(["unshare", "--net", "--mount", "--propagation=private", "sleep", "infinity"])
    made = Host(holder, home)
    try:
        while os.readlink(f"/proc/{holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            assert holder.poll() is None
        made.run(
            f"mount --bind {home}/hosts /etc/hosts; ip link set lo up; ip link add wire type veth peer name peer;"
            "ip address add 192.168.99.1/24 dev wire; ip link set wire up; ip link set peer up"
        )
        yield made
    finally:
        holder.terminate()
        holder.wait()
        shutil.rmtree(home)


def test_without_rights_a_check_run_predicts_and_no_change_is_fine(host: Host) -> None:
    code, output, counts = host.play("--check", "--diff")
    assert (code, counts["changed"]) == (0, "2"), output
    assert "+172.17.255.0/24 via 192.168.99.134" in output
    assert "+172.17.255.3\texample.app.org" in output
    assert (host.routes(), host.hosts()) == ([], "127.0.0.1 localhost\n")

    code, output, counts = host.play()
    assert (code, counts["failed"], counts["changed"]) == (2, "1", "0"), output
    assert "sudo" in output
    assert (host.routes(), host.hosts()) == ([], "127.0.0.1 localhost\n")

    code, output, counts = host.play(root=True)
    assert (code, counts["changed"]) == (0, "2"), output
    assert host.routes() == ["172.17.255.0/24 via 192.168.99.134 dev wire proto 107"]
    assert host.hosts() == "127.0.0.1 localhost\n172.17.255.3\texample.app.org\n"

    code, output, counts = host.play()
    assert (code, counts["ok"], counts["changed"]) == (0, "2", "0"), output


def test_a_wrong_value_is_reported_without_asking_for_rights(host: Host) -> None:
    host.run("ip address add 192.168.99.134/24 dev wire")
    code, output, _counts = host.play()
    assert code == 2
    assert "this machine's own address" in output


def test_preflight_asks_for_rights_only_where_they_are_needed(host: Host) -> None:
    complaint = "Cannot change this machine's route and hosts file"
    assert complaint in host.play(tasks=LOOK)[1]
    assert complaint not in host.play("--check", tasks=LOOK)[1]
    assert complaint not in host.play(root=True, tasks=LOOK)[1]
    host.play(root=True)
    output = host.play(tasks=LOOK)[1]
    # There is no cluster, so it still finds something, but not this.
    assert "Nothing was changed: fix" in output
    assert complaint not in output


def test_preflight_finds_out_what_root_may_not_change(host: Host) -> None:
    host.run("mount -o remount,bind,ro /etc/hosts")
    output = " ".join(host.play(root=True, tasks=LOOK)[1].split())
    assert "Cannot change /etc/hosts" in output
    assert "networking.extraHosts), and set host_network_enabled=false" in output
    host.run("mount -o remount,bind,rw /etc/hosts")
    assert "Cannot change /etc/hosts" not in host.play(root=True, tasks=LOOK)[1]
    assert (host.routes(), host.hosts()) == ([], "127.0.0.1 localhost\n")
