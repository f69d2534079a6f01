# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
import pathlib
import subprocess
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import persistence
from ansible_collections.kuber.network.plugins.module_utils._net.persistence import RouteFile, file_name, plan_files
from ansible_collections.kuber.network.plugins.module_utils._net.route import Wanted
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner


def wanted(destination: str, via: str | None, device: str, near: str) -> Wanted:
    hop = ipaddress.ip_address(via) if via else None
    return Wanted(ipaddress.ip_network(destination), hop, device, ipaddress.ip_network(near))


POOL = wanted("172.17.255.0/24", "192.168.99.134", "wire", "192.168.99.0/24")
FORMS = {
    "IPv4": POOL,
    "IPv4, on-link": wanted("172.17.255.0/24", None, "wire", "192.168.99.0/24"),
    "IPv6": wanted("fd00:17:255::/112", "fd00:99::134", "wire", "fd00:99::/64"),
    "IPv6, on-link": wanted("fd00:17:255::/112", None, "wire", "fd00:99::/64"),
}
SCRIPT = "90-kuber-172-17-255-0-24"
ROOT = pathlib.Path("/")
GONE = (127, "", "No such file or directory")
NETWORKCTL = (
    "\u25cf 3: wire\n             Link File: n/a\n          Network File: {file}\n                 State: routable\n"
)


class Answers(Runner):
    """A machine on which these programs say just that; all others are not installed."""

    def __init__(self, **answers: tuple[int, str, str]) -> None:
        self.answers = answers

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        return Result(argv, *self.answers.get(argv[0], GONE))


PLACES: dict[str, tuple[Answers, str]] = {
    "NetworkManager": (
        Answers(nmcli=(0, "100 (connected)\n", "")),
        f"/etc/NetworkManager/dispatcher.d/{SCRIPT}",
    ),
    "NetworkManager, interface of others": (
        Answers(nmcli=(0, "100 (connected (externally))\n", "")),
        f"/etc/NetworkManager/dispatcher.d/{SCRIPT}",
    ),
    "networkd": (
        Answers(networkctl=(0, NETWORKCTL.format(file="/etc/systemd/network/10-lan.network"), "")),
        f"/etc/systemd/network/10-lan.network.d/{SCRIPT}.conf",
    ),
    "networkd, file of netplan": (
        Answers(networkctl=(0, NETWORKCTL.format(file="/run/systemd/network/10-netplan-eth0.network"), "")),
        f"/etc/systemd/network/10-netplan-eth0.network.d/{SCRIPT}.conf",
    ),
    "networkd beside a NetworkManager that leaves the interface alone": (
        Answers(
            nmcli=(0, "10 (unmanaged)\n", ""),
            networkctl=(0, NETWORKCTL.format(file="/usr/lib/systemd/network/80-container.network"), ""),
        ),
        f"/etc/systemd/network/80-container.network.d/{SCRIPT}.conf",
    ),
    "ifupdown": (Answers(ifquery=(0, "address: 192.168.99.1\n", "")), f"/etc/network/if-up.d/{SCRIPT}"),
    "ifupdown beside a networkd that has nothing to do": (
        Answers(networkctl=(0, NETWORKCTL.format(file="n/a"), ""), ifquery=(0, "", "")),
        f"/etc/network/if-up.d/{SCRIPT}",
    ),
}


@pytest.mark.parametrize(("machine", "path"), PLACES.values(), ids=PLACES.keys())
def test_the_file_goes_to_the_manager_in_charge(machine: Answers, path: str) -> None:
    assert str(persistence.wanted_file(machine, POOL, ROOT).path) == path


REFUSALS: dict[str, tuple[Answers, str]] = {
    "nothing": (
        Answers(),
        "NetworkManager (not installed), systemd-networkd (not installed), ifupdown (not installed)",
    ),
    "all look away": (
        Answers(
            nmcli=(0, "10 (unmanaged)\n", ""),
            networkctl=(0, NETWORKCTL.format(file="n/a"), ""),
            ifquery=(1, "", "ifquery: unknown interface wire\n"),
        ),
        "NetworkManager (leaves wire alone), systemd-networkd (has no .network file for wire), "
        "ifupdown (has no stanza for wire)",
    ),
    "none runs": (
        Answers(
            nmcli=(8, "", "Error: NetworkManager is not running.\n"),
            networkctl=(0, "", "WARNING: systemd-networkd is not running, output will be incomplete.\n"),
        ),
        "NetworkManager (NetworkManager is not running), systemd-networkd (not running), ifupdown (not installed)",
    ),
}


@pytest.mark.parametrize(("machine", "said"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_tells_of_each_manager(machine: Answers, said: str) -> None:
    with pytest.raises(KuberError) as caught:
        persistence.wanted_file(machine, POOL, ROOT)
    assert said in str(caught.value)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_scripts_are_shell_and_name_the_route(form: Wanted) -> None:
    script = persistence.render(ROOT / persistence.IF_UP / file_name(form.destination), form)
    subprocess.run(["sh", "-n"], input=script.text, text=True, check=True)
    version = form.destination.version
    way = f"via {form.via} " if form.via else ""
    assert f'ip -{version} route replace {form.destination} {way}dev "$device" ' in script.text
    assert f'ip -{version} -o address show dev "$device" to {form.near} ' in script.text
    assert ("scope link" in script.text) == (form.via is None and version == 4)
    assert script.mode == 0o755
    drop_in = persistence.render(ROOT / persistence.NETWORKD / "x.network.d" / "y.conf", form)
    way = f"Gateway={form.via}" if form.via else "Scope=link"
    assert f"[Route]\nDestination={form.destination}\n{way}\nProtocol=107\n" in drop_in.text
    assert drop_in.mode == 0o644


NETWORKS = st.ip_addresses().flatmap(
    lambda address: st.integers(1, address.max_prefixlen).map(
        lambda bits: ipaddress.ip_network((address, bits), strict=False)
    )
)


@given(st.lists(NETWORKS, min_size=2, max_size=2, unique=True))
def test_names_are_taken_by_run_parts_and_differ(networks: list[t.Any]) -> None:
    one, two = (file_name(network) for network in networks)
    assert one != two
    assert set(one) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


FILES = st.builds(
    RouteFile,
    path=st.sampled_from([pathlib.Path("/a"), pathlib.Path("/b"), pathlib.Path("/c")]),
    text=st.sampled_from(["one", "two"]),
    mode=st.sampled_from([0o644, 0o755]),
)


@given(st.none() | FILES, st.lists(FILES, max_size=3, unique_by=lambda file: file.path))
def test_the_plan_leaves_exactly_what_is_wanted(wanted: RouteFile | None, ours: list[RouteFile]) -> None:
    plan = plan_files(wanted, ours)
    there = {file.path: file for file in ours}
    for file in plan.remove:
        del there[file.path]
    there |= {file.path: file for file in plan.write}
    assert there == ({} if wanted is None else {wanted.path: wanted})
    assert plan.after == tuple(there)
    assert not plan_files(wanted, there.values()).changes
    assert plan.changes == (ours != ([] if wanted is None else [wanted]))
