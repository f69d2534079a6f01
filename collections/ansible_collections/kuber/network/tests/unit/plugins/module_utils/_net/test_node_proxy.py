# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node finds out about its kube-proxy, and which programs it borrows from it."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import typing as t
import uuid

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import node_proxy
from ansible_collections.kuber.network.plugins.module_utils._net.batch import run_all
from ansible_collections.kuber.network.plugins.module_utils._net.programs import NODE, PROXY, borrowed
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._net import proxy_process


class Node(Runner):
    """A network namespace whose files lack some programs."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lacks: tuple[str, ...] = ()

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        inside = proxy_process.hiding(*self.lacks) if self.lacks else ()
        command = ["ip", "netns", "exec", self.name, *inside, *argv]
        done = subprocess.run(command, input=stdin or "", capture_output=True, text=True, check=False)
        return Result(argv, done.returncode, done.stdout, done.stderr)

    def proxy(self) -> node_proxy.NodeProxy:
        return node_proxy.parse(run_all(self, {"proxy": node_proxy.READ})["proxy"])


@pytest.fixture
def node() -> t.Iterator[Node]:
    missing = [one for one in ("ip", "curl", "nsenter", "ipset", "iptables-legacy") if shutil.which(one) is None]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing else'}")
    name = f"kuber-test-{uuid.uuid4().hex[:8]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
    yield Node(name)
    subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.mark.parametrize(("program", "variant"), [("iptables-nft", "nft"), ("iptables-legacy", "legacy")])
def test_kube_proxy_says_what_it_runs_and_has(node: Node, tmp_path: pathlib.Path, program: str, variant: str) -> None:
    inside = proxy_process.replacing("iptables", program) if program != "iptables-nft" else ["env"]
    with proxy_process.running(node.name, tmp_path, "ipvs", inside=inside) as fake:
        fake.answer(configz=fake.config(excludeCIDRs=["203.0.113.0/24", "fd00::7/64"]))
        found = node.proxy()
    assert (found.mode, found.variant, found.silence) == ("ipvs", variant, "")
    assert [str(one) for one in found.excluded or ()] == ["203.0.113.0/24", "fd00::/64"]
    assert found.leaves_alone("203.0.113.9")
    assert found.leaves_alone("fd00::1")
    assert not found.leaves_alone("10.96.0.1")


@pytest.mark.parametrize(
    ("answer", "silence"),
    [("userspace", "the answer 'userspace'"), ("<html>", "the answer '<html>'"), (None, "404")],
)
def test_an_answer_that_is_no_mode_is_none(node: Node, tmp_path: pathlib.Path, answer: str, silence: str) -> None:
    with proxy_process.running(node.name, tmp_path, "ipvs") as fake:
        fake.answer(proxyMode=answer)
        found = node.proxy()
    assert found.mode is None
    assert silence in found.silence
    with pytest.raises(KuberError, match="does not run in mode ipvs, so nothing on the node was changed"):
        node_proxy.require(found, "ipvs")


def test_silence_is_distinguished_from_a_mode(node: Node) -> None:
    found = node.proxy()
    assert (found.mode, found.variant, found.excluded) == (None, None, None)
    assert "127.0.0.1" in found.silence


def test_a_node_without_curl_asks_with_wget(node: Node, tmp_path: pathlib.Path) -> None:
    if shutil.which("wget") is None:
        pytest.skip("there is no wget")
    node.lacks = ("curl",)
    with proxy_process.running(node.name, tmp_path, "ipvs"):
        assert node.proxy().mode == "ipvs"
        node.lacks = ("curl", "wget")
        found = node.proxy()
    assert found.mode is None
    assert "wget" in found.silence


def test_another_mode_is_named_with_what_was_left_out() -> None:
    with pytest.raises(KuberError) as caught:
        node_proxy.require(node_proxy.NodeProxy("iptables"), "ipvs")
    assert "found: iptables" in str(caught.value)
    assert "The play 'Set the mode of kube-proxy'" in str(caught.value)
    assert "--limit" in str(caught.value)
    node_proxy.require(node_proxy.NodeProxy("ipvs"), "ipvs")


@pytest.mark.parametrize("form", ["--config={}", "--config {}", "--metrics-bind-address=127.0.0.1:{port}"])
def test_it_is_asked_where_its_configuration_has_it_listen(node: Node, tmp_path: pathlib.Path, form: str) -> None:
    file = tmp_path / "config.conf"
    file.write_text('mode: ""\nmetricsBindAddress: "0.0.0.0:20249"\n')
    options = form.format(file, port=20249).split()
    with proxy_process.running(node.name, tmp_path, "nftables", options=options, port=20249):
        found = node.proxy()
    assert (found.mode, found.address) == ("nftables", "127.0.0.1:20249")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (json.dumps({"kubeproxy.config.k8s.io": {"ipvs": {"excludeCIDRs": ["10.0.0.0/8"]}}}), ["10.0.0.0/8"]),
        # Before Kubernetes 1.33.
        (json.dumps({"kubeproxy.config.k8s.io": {"IPVS": {"ExcludeCIDRs": ["10.0.0.0/8"]}}}), ["10.0.0.0/8"]),
        (json.dumps({"kubeproxy.config.k8s.io": {"ipvs": {"excludeCIDRs": None}}}), []),
        (json.dumps({"kubeproxy.config.k8s.io": {"ipvs": {"excludeCIDRs": ["nonsense"]}}}), None),
        ("{}", None),
        ("[]", None),
        ("404 page not found", None),
    ],
)
def test_networks_of_others_are_known_or_unknown(text: str, expected: list[str] | None) -> None:
    found = node_proxy.parse(Result((), 0, f"mode iptables\nconfigz {text}\n", "")).excluded
    assert (found if found is None else [str(one) for one in found]) == expected


def test_a_program_comes_from_the_container_first_or_from_the_node(node: Node, tmp_path: pathlib.Path) -> None:
    assert node.run(borrowed(["ipset", "list", "-name"])).stdout == ""
    node.lacks = ("ipset",)
    nowhere = node.run(borrowed(["ipset", "list"]), check=False)
    assert (nowhere.rc, nowhere.stderr) == (127, "ipset is neither on the node nor in a container of kube-proxy\n")
    with proxy_process.running(node.name, tmp_path, "ipvs"):
        node.run(borrowed(["ipset", "restore"]), stdin="create mine hash:ip\nadd mine 192.0.2.7\n")
        assert node.run(borrowed(["ipset", "list", "-name"])).stdout == "mine\n"
        # The network is the node's.
        node.lacks = ()
        assert node.run(["ipset", "save"]).stdout.endswith("add mine 192.0.2.7\n")
        assert node.run(borrowed(["ipset", "destroy", "theirs"]), check=False).rc == 1
    with proxy_process.running(node.name, tmp_path, "ipvs", inside=proxy_process.hiding("ipset")):
        assert node.run(borrowed(["ipset", "list", "-name"], places=(PROXY,)), check=False).rc != 0
        assert node.run(borrowed(["ipset", "list", "-name"], places=(NODE, PROXY))).stdout == "mine\n"


def test_a_kube_proxy_in_another_network_is_not_this_nodes(node: Node, tmp_path: pathlib.Path) -> None:
    other = f"{node.name}-kind"
    subprocess.run(["ip", "netns", "add", other], check=True)
    try:
        with proxy_process.running(other, tmp_path, "ipvs"):
            assert node.run(borrowed(["ipset", "list"], places=(PROXY,)), check=False).rc == 127
            assert node.proxy().mode is None
    finally:
        subprocess.run(["ip", "netns", "delete", other], check=True)


def test_the_container_has_processes_of_its_own(node: Node, tmp_path: pathlib.Path) -> None:
    """iptables-legacy-save reads /proc/net, by way of /proc/self: without it, it finds no tables and says nothing."""
    node.run(["iptables-legacy", "-t", "nat", "-N", "KUBE-SVC-PLANTED"])
    node.lacks = ("iptables-legacy",)
    container = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]
    with proxy_process.running(node.name, tmp_path, "ipvs", inside=container):
        assert "KUBE-SVC-PLANTED" in node.run(borrowed(["iptables-legacy-save"])).stdout


def test_errors_are_kept_apart_from_output(node: Node) -> None:
    done = run_all(
        node,
        {
            "both": ("sh", "-c", "printf 'a\\nb'; echo 'wrong: {}' >&2; echo more >&2; exit 3"),
            "none": ("true",),
            "missing": ("no-such-program",),
        },
    )
    assert (done["both"].rc, done["both"].stdout, done["both"].stderr) == (3, "a\nb", "wrong: {}\nmore")
    assert (done["none"].rc, done["none"].stdout, done["none"].stderr) == (0, "", "")
    assert done["missing"].rc == 127
