# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The real NetworkManager, systemd-networkd and ifupdown, in namespaces that keep them away from this machine."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import time
import typing as t

import pytest

if t.TYPE_CHECKING:
    from .conftest import ModuleCaller

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
MANAGERS = CACHE / "kuber.network" / "managers"
LIBRARIES = MANAGERS / "usr/lib/x86_64-linux-gnu"
NETWORKD = MANAGERS / "usr/lib/systemd/systemd-networkd"
DISPATCHER = MANAGERS / "usr/lib/NetworkManager/nm-dispatcher"
ENVIRONMENT = os.environ | {
    "PATH": os.pathsep.join([str(MANAGERS / "usr/sbin"), str(MANAGERS / "usr/bin"), os.environ["PATH"], "/usr/sbin"]),
    "LD_LIBRARY_PATH": f"{LIBRARIES}:{LIBRARIES}/systemd:{MANAGERS}/usr/lib/systemd",
}
SECONDS = 20

POOL = "172.17.255.0/24"
NODE = "192.168.99.134"
WANTED = {"destination": POOL, "via": NODE, "persistent": True}
ROUTE = f"{POOL} via {NODE} dev wire"
SCRIPT = "90-kuber-172-17-255-0-24"

# Everything may be asked of everybody: it is a bus for one test.
KINDS = ("method_call", "method_return", "error", "signal")
BUS = f"""<busconfig><type>custom</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<servicedir>/run/services</servicedir><policy context="default"><allow user="*"/><allow own="*"/>
{"".join(f'<allow send_type="{kind}"/><allow receive_type="{kind}"/>' for kind in KINDS)}</policy></busconfig>
"""

# A machine has its own network, /etc, /run and state; /sys is for reading, which tells daemons that there is no udev.
SETUP = """
cp -a /etc {home}/etc
mount --bind {home}/etc /etc
mount -t tmpfs run /run
mount -t tmpfs state /var/lib
mount -t sysfs -o ro sysfs /sys
mkdir -p /run/dbus /run/services /run/network /run/systemd/netif/{{links,leases,lldp}}
mkdir -p /etc/NetworkManager/{{system-connections,dispatcher.d}} /var/lib/NetworkManager /etc/systemd/network
mkdir -p /etc/network/{{interfaces.d,if-pre-up.d,if-up.d,if-down.d,if-post-down.d}}
rm -f /etc/network/if-*.d/*
getent passwd systemd-network >/dev/null || echo 'systemd-network:x:998:998::/:/usr/sbin/nologin' >>/etc/passwd
getent group systemd-network >/dev/null || echo 'systemd-network:x:998:' >>/etc/group
chown -R systemd-network /run/systemd/netif
ip link set lo up
ip link add wire type veth peer name peer
ip link set peer up
"""


class Machine:
    """Namespaces of their own for network and mounts, and the daemons that run in them."""

    def __init__(self, home: pathlib.Path) -> None:
        argv = ["unshare", "--net", "--mount", "--propagation", "private", "sleep", "infinity"]
        self.holder = subprocess.Popen(argv)
        self.prefix = ["nsenter", f"--target={self.holder.pid}", "--net", "--mount"]
        self.daemons: list[subprocess.Popen[bytes]] = []
        self._home = home
        self._wait(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net"), "start")
        self.run(SETUP.format(home=home))
        self.write("/run/bus.conf", BUS)
        self.spawn("dbus-daemon", "--config-file=/run/bus.conf", "--nofork", "--nopidfile")
        self._wait(lambda: self.try_("test -S /run/dbus/system_bus_socket").returncode == 0, "bus")

    def try_(self, script: str) -> subprocess.CompletedProcess[str]:
        argv = [*self.prefix, "bash", "-euc", script]
        return subprocess.run(argv, capture_output=True, text=True, env=ENVIRONMENT, check=False)

    def run(self, script: str) -> str:
        done = self.try_(script)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        argv = [*self.prefix, "sh", "-c", f"cat >{path} && chmod {mode:o} {path}"]
        subprocess.run(argv, input=text, text=True, check=True)

    def spawn(self, *argv: str) -> subprocess.Popen[bytes]:
        log = (self._home / f"{pathlib.Path(argv[0]).name}.log").open("ab")
        process = subprocess.Popen([*self.prefix, *argv], stdout=log, stderr=log, env=ENVIRONMENT)
        self.daemons.append(process)
        return process

    def routes(self) -> list[str]:
        shown = self.run(f"ip route show to exact {POOL}").splitlines()
        return [line.replace(" proto 107", "").strip() for line in shown]

    def files(self) -> set[str]:
        return set(self.run("find /etc/NetworkManager /etc/systemd/network /etc/network -name '*kuber*'").split())

    def until(self, what: str, condition: t.Callable[[], bool]) -> None:
        self._wait(condition, what)

    def _wait(self, condition: t.Callable[[], bool], what: str) -> None:
        until = time.monotonic() + SECONDS
        while not condition():
            logs = "".join(path.read_text()[-3000:] for path in self._home.glob("*.log"))
            assert time.monotonic() < until, f"{what}: not after {SECONDS} s\n{logs}"
            time.sleep(0.1)

    def stop(self) -> None:
        for process in [*reversed(self.daemons), self.holder]:
            process.terminate()
            process.wait()


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> t.Iterator[Machine]:
    if os.geteuid() != 0:
        pytest.skip("namespaces need root")
    if not MANAGERS.is_dir() or shutil.which("dbus-daemon", path=ENVIRONMENT["PATH"]) is None:
        pytest.skip("there are no network managers to test with (tests/install-tools)")
    home = tmp_path / "machine"
    home.mkdir()
    made = Machine(home)
    yield made
    made.stop()


class Manager(t.Protocol):
    """Puts a manager in charge of interface ``wire``; what it returns makes the manager set the interface up anew."""

    def __call__(self, machine: Machine) -> t.Callable[[], None]: ...


def start_network_manager(machine: Machine) -> t.Callable[[], None]:
    machine.write("/etc/NetworkManager/NetworkManager.conf", "[main]\nauth-polkit=false\nno-auto-default=*\n")
    machine.write(
        "/etc/NetworkManager/system-connections/wire.nmconnection",
        "[connection]\nid=wire\ntype=ethernet\ninterface-name=wire\n"
        "[ipv4]\nmethod=manual\naddress1=192.168.99.1/24\n[ipv6]\nmethod=disabled\n",
    )
    machine.write(
        "/run/services/dispatcher.service",
        f"[D-BUS Service]\nName=org.freedesktop.nm_dispatcher\nExec={DISPATCHER}\n",
    )
    machine.spawn("NetworkManager", "--no-daemon")
    machine.until("wire", lambda: "100 (connected)" in machine.try_("nmcli -g GENERAL.STATE device show wire").stdout)

    def again() -> None:
        machine.run("nmcli connection down wire")
        assert machine.routes() == []
        machine.run("nmcli connection up wire")

    return again


def start_networkd(machine: Machine) -> t.Callable[[], None]:
    settings = "[Match]\nName=wire\n[Network]\nAddress=192.168.99.1/24\n"
    # Where netplan writes: not below /etc, and so not ours to edit.
    machine.run("mkdir -p /run/systemd/network")
    machine.write("/run/systemd/network/10-netplan-wire.network", settings, mode=0o644)
    daemon = machine.spawn(str(NETWORKD))

    def up() -> bool:
        return "192.168.99.1" in machine.run("ip -o address show dev wire")

    machine.until("wire", up)

    def again() -> None:
        daemon.terminate()
        daemon.wait()
        machine.run("ip link del wire && ip link add wire type veth peer name peer && ip link set peer up")
        machine.spawn(str(NETWORKD))
        machine.until("wire", up)

    return again


def start_ifupdown(machine: Machine) -> t.Callable[[], None]:
    stanza = "auto wire\niface wire inet static\n    address 192.168.99.1/24\n"
    machine.write("/etc/network/interfaces", f"source /etc/network/interfaces.d/*\n{stanza}", mode=0o644)
    machine.run("ifup wire")
    return lambda: machine.run("ifdown wire && ! ip route get 192.168.99.134 2>/dev/null && ifup wire") and None


CASES: dict[str, tuple[Manager, str]] = {
    "NetworkManager": (start_network_manager, f"/etc/NetworkManager/dispatcher.d/{SCRIPT}"),
    "systemd-networkd": (start_networkd, f"/etc/systemd/network/10-netplan-wire.network.d/{SCRIPT}.conf"),
    "ifupdown": (start_ifupdown, f"/etc/network/if-up.d/{SCRIPT}"),
}
each_manager = pytest.mark.parametrize(("start", "path"), CASES.values(), ids=CASES.keys())


def call(run_module: ModuleCaller, machine: Machine, *, check: bool = False, **params: t.Any) -> dict[str, t.Any]:
    environment = [f"{name}={ENVIRONMENT[name]}" for name in ("PATH", "LD_LIBRARY_PATH")]
    return run_module("static_route", WANTED | params, check=check, prefix=[*machine.prefix, "env", *environment])


@each_manager
def test_the_route_is_back_when_the_interface_is(
    machine: Machine, run_module: ModuleCaller, start: Manager, path: str
) -> None:
    restart = start(machine)
    before = machine.run("ip -4 address show dev wire")
    predicted = call(run_module, machine, check=True)
    assert predicted["changed"], predicted
    assert machine.routes() == []
    assert machine.files() == set(), "check mode wrote"

    done = call(run_module, machine)
    assert (done["files"], done["diff"]) == ([path], predicted["diff"])
    assert machine.routes() == [ROUTE]
    assert machine.files() == {path} | ({str(pathlib.Path(path).parent)} & machine.files())
    assert machine.run("ip -4 address show dev wire") == before, "the interface was disturbed"
    assert not call(run_module, machine)["changed"]

    restart()
    machine.until("route", lambda: machine.routes() == [ROUTE])
    assert not call(run_module, machine)["changed"]


@each_manager
def test_the_file_follows_the_option(machine: Machine, run_module: ModuleCaller, start: Manager, path: str) -> None:
    restart = start(machine)
    assert call(run_module, machine, via="192.168.99.7")["changed"]
    moved = call(run_module, machine)
    assert "192.168.99.7" in moved["diff"][1]["before"]
    assert NODE in machine.run(f"cat {path}")
    assert "192.168.99.7" not in machine.run(f"cat {path}")

    machine.run(f"echo rubbish >>{path}")
    assert call(run_module, machine)["changed"]
    assert "rubbish" not in machine.run(f"cat {path}")

    assert call(run_module, machine, persistent=False)["changed"]
    assert (machine.files(), machine.routes()) == (set(), [ROUTE])
    assert not call(run_module, machine, persistent=False)["changed"]

    call(run_module, machine)
    gone = call(run_module, machine, state="absent", persistent=False)
    assert gone["changed"]
    assert (machine.files(), machine.routes()) == (set(), [])
    restart()
    time.sleep(0.5)
    assert machine.routes() == []
    assert not call(run_module, machine, state="absent")["changed"]


@each_manager
def test_an_on_link_route_is_back_when_the_interface_is(
    machine: Machine, run_module: ModuleCaller, start: Manager, path: str
) -> None:
    restart = start(machine)
    wanted = {"destination": POOL, "nodes": [NODE, "192.168.99.135"], "persistent": True}
    environment = [f"{name}={ENVIRONMENT[name]}" for name in ("PATH", "LD_LIBRARY_PATH")]
    prefix = [*machine.prefix, "env", *environment]
    call(run_module, machine)
    done = run_module("static_route", wanted, prefix=prefix)
    assert (done["changed"], done["files"], done["device"]) == (True, [path], "wire"), done
    on_link = [f"{POOL} dev wire scope link"]
    assert machine.routes() == on_link
    restart()
    machine.until("route", lambda: machine.routes() == on_link)
    assert not run_module("static_route", wanted, prefix=prefix)["changed"]


def test_the_script_keeps_off_a_vpn(machine: Machine, run_module: ModuleCaller) -> None:
    """Where the nodes' network is gone and a device without a gateway takes everything."""
    start_ifupdown(machine)
    call(run_module, machine)
    machine.run("ifdown wire; ip link add wg0 type veth peer name far; ip link set wg0 up; ip link set far up")
    machine.run("ip address add 10.6.0.2/32 dev wg0; ip route add default dev wg0")
    machine.run(f"IFACE=wg0 /etc/network/if-up.d/{SCRIPT}")
    assert machine.routes() == []


def test_a_file_for_the_manager_of_the_past_is_removed(machine: Machine, run_module: ModuleCaller) -> None:
    start_ifupdown(machine)
    old = f"/etc/NetworkManager/dispatcher.d/{SCRIPT}"
    call(run_module, machine)
    machine.run(f"cp -p /etc/network/if-up.d/{SCRIPT} {old}")
    assert call(run_module, machine)["changed"]
    assert machine.files() == {f"/etc/network/if-up.d/{SCRIPT}"}


def test_an_ipv6_pool_comes_back_too(machine: Machine, run_module: ModuleCaller) -> None:
    stanza = "auto wire\niface wire inet6 static\n    address fd00:99::1/64\n    dad-attempts 0\n"
    machine.write("/etc/network/interfaces", stanza, mode=0o644)
    machine.run("ifup wire")
    pool = {"destination": "fd00:17:255::/112", "via": "fd00:99::134"}
    done = call(run_module, machine, **pool)
    assert done["files"] == ["/etc/network/if-up.d/90-kuber-fd00-0017-0255-0000-0000-0000-0000-0000-112"], done
    machine.run("ifdown wire && ip -6 route flush fd00:17:255::/112 && ifup wire")
    assert "via fd00:99::134 dev wire" in machine.run("ip -6 route show to exact fd00:17:255::/112")
    assert not call(run_module, machine, **pool)["changed"]


def test_bridges_that_others_made_are_served_by_network_manager(machine: Machine, run_module: ModuleCaller) -> None:
    start_network_manager(machine)
    bridge = "ip link add br0 type bridge; ip address add 192.168.49.1/24 dev br0; ip link set br0 up"
    bridge += "; ip link set peer master br0"
    state = "nmcli -g GENERAL.STATE device show br0"
    machine.run(bridge)
    machine.until("br0", lambda: "externally" in machine.try_(state).stdout)
    assert call(run_module, machine, via="192.168.49.2")["changed"]
    machine.run(f"ip link del br0; {bridge}")
    machine.until("route", lambda: machine.routes() == [f"{POOL} via 192.168.49.2 dev br0"])


@pytest.mark.parametrize("with_daemon", [False, True])
def test_without_a_manager_in_charge_it_is_refused_and_nothing_is_changed(
    machine: Machine, run_module: ModuleCaller, with_daemon: bool
) -> None:
    machine.run("ip address add 192.168.99.1/24 dev wire && ip link set wire up")
    if with_daemon:
        machine.spawn(str(NETWORKD))
        machine.until("networkd", lambda: "not running" not in machine.try_("networkctl --lines=0 status wire").stderr)
    for check in (True, False):
        failed = call(run_module, machine, check=check)
        assert failed["failed"]
        assert "restore the route to 172.17.255.0/24" in failed["msg"]
        assert "NetworkManager (NetworkManager is not running)" in failed["msg"]
        expected = "has no .network file for wire" if with_daemon else "not running"
        assert f"systemd-networkd ({expected}), ifupdown (has no stanza for wire)" in failed["msg"]
        assert "host_network_persistent=false" in failed["msg"]
    assert (machine.files(), machine.routes()) == (set(), [])


def test_a_foreign_file_of_that_name_is_left_alone(machine: Machine, run_module: ModuleCaller) -> None:
    start_ifupdown(machine)
    path = f"/etc/network/if-up.d/{SCRIPT}"
    machine.write(path, "#!/bin/sh\n# mine\n")
    for params in ({}, {"state": "absent"}, {"persistent": False}):
        failed = call(run_module, machine, **params)
        assert failed["failed"]
        assert path in failed["msg"]
    assert machine.run(f"cat {path}") == "#!/bin/sh\n# mine\n"
    assert machine.routes() == []


def test_what_may_not_be_written_keeps_the_route_from_being_set(machine: Machine, run_module: ModuleCaller) -> None:
    start_ifupdown(machine)
    # Rights to change routes, and none to /etc/network: half of it could be done.
    weak = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-all"]
    machine.run("chown nobody /etc/network/if-up.d && chmod 755 /etc/network/if-up.d")
    environment = [f"{name}={ENVIRONMENT[name]}" for name in ("PATH", "LD_LIBRARY_PATH")]
    failed = run_module("static_route", WANTED, prefix=[*machine.prefix, *weak, "env", *environment])
    assert f"Cannot change /etc/network/if-up.d/{SCRIPT}" in failed["msg"]
    assert "Permission denied" in failed["msg"]
    assert machine.routes() == []
