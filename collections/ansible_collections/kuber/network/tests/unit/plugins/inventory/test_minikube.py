# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import re
import stat
import subprocess
import sys
import typing as t
import unittest.mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.action import preflight
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils import _engine, _profile
from ansible_collections.kuber.network.tests.unit.plugins.inventory.support import SOURCE, ansible_inventory, listing

OF_LOCALHOST = {"ansible_connection": "ansible.builtin.local", "ansible_python_interpreter": sys.executable}
OF_ALL = frozenset(
    f"minikube_{name}"
    for name in (
        "addons",
        "container_runtime",
        "context",
        "driver",
        "home",
        "kubernetes_version",
        "node_ip",
        "profile",
        "tunnel_pids",
    )
)


def test_a_node_is_reached_as_minikube_reaches_it(minikube_home: t.Any) -> None:
    minikube_home.profile(Addons={"ingress": True, "dashboard": False, "default-storageclass": True})
    minikube_home.machine(SSHPort=2222, SSHUser="root")
    found = listing(ansible_inventory(minikube_home))
    machine = minikube_home.path / "machines" / "minikube"
    hosts = found["_meta"]["hostvars"]
    assert hosts == {
        "localhost": OF_LOCALHOST | {name: value for name, value in hosts["minikube"].items() if name in OF_ALL},
        "minikube": {
            "ansible_become": True,
            "ansible_become_method": "sudo",
            "ansible_connection": "kuber.network.minikube",
            "ansible_host": "192.168.99.134",
            "ansible_port": 2222,
            "ansible_ssh_private_key_file": str(machine / "id_rsa"),
            "ansible_user": "root",
            "minikube_addons": ["default-storageclass", "ingress"],
            "minikube_container_runtime": "containerd",
            "minikube_context": "minikube",
            "minikube_driver": "ssh",
            "minikube_home": str(minikube_home.path),
            "minikube_host_key_alias": "minikube",
            "minikube_known_hosts": str(machine / "known_hosts"),
            "minikube_kubernetes_version": "1.37.2",
            "minikube_node_ip": "192.168.99.134",
            "minikube_profile": "minikube",
            "minikube_tunnel_pids": [],
        },
    }
    assert found["minikube_nodes"] == {"hosts": ["minikube"]}
    assert found["control_plane"] == {"hosts": ["minikube"]}


def test_nodes_of_a_larger_cluster_have_minikubes_names(minikube_home: t.Any) -> None:
    nodes = [
        {"Name": "", "IP": "192.168.39.10", "ControlPlane": True, "Worker": True},
        {"Name": "m02", "IP": "192.168.39.11", "ControlPlane": False, "Worker": True},
        {"Name": "m03", "IP": "192.168.39.12", "ControlPlane": True, "Worker": True},
    ]
    minikube_home.profile("big", Driver="kvm2", Nodes=nodes)
    for name, node in zip(("big", "big-m02", "big-m03"), nodes, strict=True):
        minikube_home.machine(name, IPAddress=node["IP"])
    found = listing(ansible_inventory(minikube_home, KUBER_PROFILE="big"))
    assert found["minikube_nodes"]["hosts"] == ["big", "big-m02", "big-m03"]
    assert found["control_plane"]["hosts"] == ["big", "big-m03"]
    assert found["workers"]["hosts"] == ["big-m02"]
    hosts = found["_meta"]["hostvars"]
    addresses = {name: hosts[name]["minikube_node_ip"] for name in found["minikube_nodes"]["hosts"]}
    assert addresses == {"big": "192.168.39.10", "big-m02": "192.168.39.11", "big-m03": "192.168.39.12"}


@pytest.mark.parametrize(
    ("source", "environment", "profile"),
    [
        (SOURCE, {}, "minikube"),
        (SOURCE, {"KUBER_PROFILE": "other"}, "other"),
        (SOURCE + "profile: other\n", {}, "other"),
        (SOURCE + "profile: other\n", {"KUBER_PROFILE": "minikube"}, "other"),
    ],
)
def test_the_profile_is_the_one_that_was_named(
    minikube_home: t.Any, source: str, environment: dict[str, str], profile: str
) -> None:
    for name in ("minikube", "other"):
        minikube_home.profile(name)
        minikube_home.machine(name)
    found = listing(ansible_inventory(minikube_home, source, **environment))
    assert found["minikube_nodes"]["hosts"] == [profile]


def test_an_unknown_profile_is_refused_with_a_list_of_those_there_are(minikube_home: t.Any) -> None:
    for name in ("one", "two"):
        minikube_home.profile(name)
    done = ansible_inventory(minikube_home, KUBER_PROFILE="three")
    assert done.returncode != 0
    text = " ".join(done.stderr.split())
    assert "minikube has no profile 'three'" in text
    assert "the profiles one, two" in text


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("profiles/minikube/config.json", "{", "profiles/minikube/config.json; wanted: JSON"),
        ("profiles/minikube/config.json", "[]", "Unexpected content in"),
        ("profiles/minikube/config.json", {"Driver": "ssh"}, "has no nodes"),
        ("machines/minikube/config.json", "nothing", "machines/minikube/config.json; wanted: JSON"),
    ],
)
def test_damaged_files_are_named(minikube_home: t.Any, path: str, content: object, words: str) -> None:
    minikube_home.profile()
    minikube_home.machine()
    minikube_home.write(path, content)
    done = ansible_inventory(minikube_home)
    assert done.returncode != 0
    assert words in " ".join(done.stderr.split())


def test_preflight_does_not_pass_over_a_profile_that_cannot_be_read(minikube_home: t.Any) -> None:
    minikube_home.write("profiles/minikube/config.json", "")
    params: dict[str, t.Any] = {"profile": "minikube", "nodes": []}
    (finding,) = preflight.unreadable_profile(minikube_home.path, params)
    assert "profiles/minikube/config.json; wanted: JSON" in str(finding)
    assert "`minikube delete --profile minikube` and then `minikube start --profile minikube`" in str(finding)
    # With nodes the inventory has read it; a profile that is not there is told of elsewhere.
    assert not list(preflight.unreadable_profile(minikube_home.path, params | {"nodes": [{}]}))
    assert not list(preflight.unreadable_profile(minikube_home.path, params | {"profile": "other"}))
    minikube_home.profile()
    minikube_home.machine()
    assert not list(preflight.unreadable_profile(minikube_home.path, params))


def test_a_machine_that_was_never_finished_is_named(minikube_home: t.Any) -> None:
    minikube_home.profile(Nodes=[{"Name": "", "IP": "", "ControlPlane": True}])
    minikube_home.machine(IPAddress="")
    assert "has no address yet" in ansible_inventory(minikube_home).stderr


def test_a_key_that_moved_along_with_the_directory_is_found(minikube_home: t.Any) -> None:
    minikube_home.profile()
    minikube_home.machine(SSHKeyPath="/somewhere/else/id_rsa")
    values = listing(ansible_inventory(minikube_home))["_meta"]["hostvars"]["minikube"]
    assert values["ansible_ssh_private_key_file"] == str(minikube_home.path / "machines/minikube/id_rsa")


def test_without_a_key_of_its_own_the_ssh_driver_uses_the_users(minikube_home: t.Any) -> None:
    minikube_home.profile()
    minikube_home.machine(SSHKeyPath="")
    values = listing(ansible_inventory(minikube_home))["_meta"]["hostvars"]["minikube"]
    assert values["ansible_ssh_private_key_file"] == str(pathlib.Path("~/.ssh/id_rsa").expanduser())
    minikube_home.write("machines/minikube/id_rsa", "")
    values = listing(ansible_inventory(minikube_home))["_meta"]["hostvars"]["minikube"]
    assert values["ansible_ssh_private_key_file"] == str(minikube_home.path / "machines/minikube/id_rsa")


@pytest.mark.parametrize("closed", [".", "profiles", "profiles/minikube"])
def test_a_directory_of_roots_is_named_with_what_helps(minikube_home: t.Any, closed: str) -> None:
    minikube_home.profile()
    minikube_home.machine()
    help_ = f"`sudo chown --recursive {os.geteuid()} {minikube_home.path}`"
    directory = minikube_home.path / closed
    with unittest.mock.patch("os.access", lambda path, _mode: path != directory):
        with pytest.raises(KuberError, match=f"Cannot read {directory};.*{re.escape(help_)}"):
            _profile.read_profile(minikube_home.path, "minikube")
        (finding,) = preflight.unreadable_profile(minikube_home.path, {"profile": "minikube", "nodes": []})
        assert help_ in str(finding)
        # Teardown does not take its cluster for deleted.
        assert not _profile.is_missing(minikube_home.path, "minikube")
    assert _profile.read_profile(minikube_home.path, "minikube").name == "minikube"
    assert [_profile.is_missing(minikube_home.path, name) for name in ("minikube", "other")] == [False, True]


@pytest.mark.parametrize("entries", [{}, [7], [{"MachineName": "minikube", "Pid": "x"}], [{"MachineName": 1}], None])
def test_an_odd_list_of_tunnels_is_none(minikube_home: t.Any, entries: object) -> None:
    minikube_home.profile(Driver="none")
    minikube_home.write("tunnels.json", entries)
    assert _profile.read_profile(minikube_home.path, "minikube").tunnel_pids == []


def test_a_key_elsewhere_is_used_where_it_is(minikube_home: t.Any, tmp_path: pathlib.Path) -> None:
    (tmp_path / "key").write_text("")
    minikube_home.profile()
    minikube_home.machine(SSHKeyPath=str(tmp_path / "key"))
    values = listing(ansible_inventory(minikube_home))["_meta"]["hostvars"]["minikube"]
    assert values["ansible_ssh_private_key_file"] == str(tmp_path / "key")


def engine(home: t.Any, name: str, script: str) -> str:
    """A program on PATH that answers as the container engine does."""
    directory = home.path.parent / "bin"
    directory.mkdir()
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{directory}:{os.environ['PATH']}"


def test_a_container_is_reached_by_its_published_port(minikube_home: t.Any) -> None:
    minikube_home.profile(Driver="docker", Nodes=[{"Name": "", "IP": "192.168.49.2", "ControlPlane": True}])
    minikube_home.machine(IPAddress="192.168.49.2", SSHPort=0)
    path = engine(minikube_home, "docker", 'test "$*" = "port minikube 22/tcp" && echo 127.0.0.1:32772')
    values = listing(ansible_inventory(minikube_home, PATH=path))["_meta"]["hostvars"]["minikube"]
    assert (values["ansible_host"], values["ansible_port"]) == ("127.0.0.1", 32772)
    assert values["minikube_node_ip"] == "192.168.49.2"


TWO_NODES = [
    {"Name": "", "IP": "192.168.49.2", "ControlPlane": True},
    {"Name": "m02", "IP": "192.168.49.3", "ControlPlane": False},
]


def test_a_stopped_container_is_a_node_with_a_problem(minikube_home: t.Any) -> None:
    minikube_home.profile("two", Driver="docker", Nodes=TWO_NODES)
    for name in ("two", "two-m02"):
        minikube_home.machine(name)
    script = 'case "$2" in two) echo 127.0.0.1:32772 ;; *) echo "No public port published for $2" >&2; exit 1 ;; esac'
    path = engine(minikube_home, "docker", script)
    values = listing(ansible_inventory(minikube_home, PATH=path, KUBER_PROFILE="two"))["_meta"]["hostvars"]
    assert "minikube_node_problem" not in values["two"]
    assert values["two-m02"]["minikube_node_problem"] == (
        "docker publishes no SSH port for container two-m02 (No public port published for two-m02): it is stopped, or "
        "this user may not use docker. Run `minikube start --profile two` to start it"
    )
    # What the plays on localhost build on is there all the same.
    assert values["two-m02"]["minikube_context"] == "two"
    assert values["two-m02"]["minikube_node_ip"] == "192.168.49.3"


def test_a_stopped_profile_among_several_is_left_out(minikube_home: t.Any) -> None:
    minikube_home.profile("off", Driver="docker")
    minikube_home.machine("off")
    path = engine(minikube_home, "docker", 'echo "No such container: $2" >&2; exit 1')
    done = ansible_inventory(minikube_home, SOURCE + "profiles: [all]\n", PATH=path)
    assert "hosts" not in listing(done).get("minikube_nodes", {})
    assert "Skipping minikube's profile off: docker publishes no SSH port" in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DOCKER_HOST": "tcp://10.0.0.9:2376"}, "tcp://10.0.0.9:2376"),
        # A shell that `minikube docker-env` has led into the node.
        ({"MINIKUBE_ACTIVE_DOCKERD": "minikube", "DOCKER_HOST": "tcp://127.0.0.1:32770"}, ""),
        (
            {
                "MINIKUBE_ACTIVE_DOCKERD": "minikube",
                "DOCKER_HOST": "tcp://127.0.0.1:32770",
                "MINIKUBE_EXISTING_DOCKER_HOST": "tcp://10.0.0.9:2376",
            },
            "tcp://10.0.0.9:2376",
        ),
    ],
)
def test_the_engine_is_asked_where_minikube_asks_it(
    minikube_home: t.Any, environment: dict[str, str], expected: str
) -> None:
    minikube_home.profile(Driver="docker")
    minikube_home.machine()
    path = engine(minikube_home, "docker", f'test "$DOCKER_HOST" = "{expected}" && echo 127.0.0.1:32772')
    variables = environment | {"DOCKER_TLS_VERIFY": "1"}
    values = listing(ansible_inventory(minikube_home, PATH=path, **variables))["_meta"]["hostvars"]["minikube"]
    assert values.get("minikube_node_problem") is None
    assert values["ansible_host"] == ("10.0.0.9" if expected else "127.0.0.1")


def test_without_a_machine_the_node_is_this_one(minikube_home: t.Any) -> None:
    minikube_home.profile(Driver="none")
    values = listing(ansible_inventory(minikube_home))["_meta"]["hostvars"]["minikube"]
    assert values["ansible_connection"] == "ansible.builtin.local"
    assert "ansible_port" not in values


def test_only_live_tunnels_of_the_profile_count(minikube_home: t.Any) -> None:
    minikube_home.profile()
    minikube_home.machine()
    command = ["bash", "-c", "exec -a 'minikube tunnel' sleep 60"]
    with (
        subprocess.Popen(command) as tunnel,
        subprocess.Popen(command) as foreign,
        subprocess.Popen(["sleep", "60"]) as reused,
    ):
        gone = subprocess.Popen(["true"])
        gone.wait()
        pids = {"minikube": [tunnel.pid, reused.pid, gone.pid], "other": [foreign.pid]}
        entries = [{"Route": {}, "MachineName": name, "Pid": pid} for name, some in pids.items() for pid in some]
        minikube_home.write("tunnels.json", entries)
        try:
            found = listing(ansible_inventory(minikube_home))
        finally:
            for process in (tunnel, foreign, reused):
                process.kill()
    assert found["_meta"]["hostvars"]["minikube"]["minikube_tunnel_pids"] == [tunnel.pid]


def test_a_tunnel_to_a_container_is_known_by_its_lock(minikube_home: t.Any) -> None:
    minikube_home.profile()
    minikube_home.machine()
    lock = minikube_home.path / "profiles" / "minikube" / ".tunnel_lock"
    lock.touch()
    assert _profile.read_profile(minikube_home.path, "minikube").tunnel_pids == []
    command = ["flock", "--exclusive", "--no-fork", str(lock), "sh", "-c", "echo held; exec sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as tunnel:
        assert tunnel.stdout is not None
        tunnel.stdout.readline()
        try:
            assert _profile.read_profile(minikube_home.path, "minikube").tunnel_pids == [tunnel.pid]
        finally:
            tunnel.kill()
    assert _profile.read_profile(minikube_home.path, "minikube").tunnel_pids == []


def test_variables_can_be_composed(minikube_home: t.Any) -> None:
    minikube_home.profile()
    minikube_home.machine()
    source = SOURCE + "compose: {where: minikube_driver ~ '@' ~ ansible_host}\nkeyed_groups: [{key: minikube_driver}]\n"
    found = listing(ansible_inventory(minikube_home, source))
    assert found["_meta"]["hostvars"]["minikube"]["where"] == "ssh@192.168.99.134"
    assert found["_ssh"]["hosts"] == ["minikube"]


@pytest.mark.parametrize(
    ("given_path", "expected"),
    [
        ("/srv/kube", "/srv/kube/.minikube"),
        ("/srv/kube/.minikube", "/srv/kube/.minikube"),
        ("/srv/kube/.minikube/", "/srv/kube/.minikube"),
        ("~/x", "HOME/x/.minikube"),
        (None, "HOME/.minikube"),
        ("", "HOME/.minikube"),
    ],
)
def test_the_directory_is_resolved_as_minikube_does_it(given_path: str | None, expected: str) -> None:
    home = str(pathlib.Path.home())
    assert str(_profile.minikube_directory(given_path)) == expected.replace("HOME", home)


@pytest.mark.parametrize(
    ("driver", "environment", "host"),
    [
        ("docker", {}, "127.0.0.1"),
        ("docker", {"DOCKER_HOST": "unix:///run/docker.sock"}, "127.0.0.1"),
        ("docker", {"DOCKER_HOST": "tcp://192.0.2.7:2376"}, "192.0.2.7"),
        ("docker", {"DOCKER_HOST": "ssh://me@build.example"}, "build.example"),
        ("podman", {"DOCKER_HOST": "tcp://192.0.2.7:2376"}, "127.0.0.1"),
        ("podman", {"CONTAINER_HOST": "ssh://me@build.example:22/run/podman.sock"}, "build.example"),
    ],
)
def test_a_remote_engine_publishes_on_its_own_machine(driver: str, environment: dict[str, str], host: str) -> None:
    assert _engine.engine_host(driver, environment) == host


@given(
    port=st.integers(1, 65535),
    address=st.sampled_from(["127.0.0.1", "0.0.0.0", "[::]", "[::1]"]),
    tail=st.sampled_from(["", "\n", "\n[::]:1\n"]),
)
def test_published_ports_are_read(port: int, address: str, tail: str) -> None:
    assert _engine.parse_published_port(f"{address}:{port}{tail}") == port


@given(st.text())
def test_no_other_text_is_taken_for_a_port(text: str) -> None:
    found = _engine.parse_published_port(text)
    assert found is None or str(found) in text


def test_this_machine_can_be_the_only_target(minikube_home: t.Any) -> None:
    minikube_home.profile()
    minikube_home.machine()
    done = ansible_inventory(minikube_home, SOURCE, "--limit=localhost")
    assert list(listing(done)["_meta"]["hostvars"]) == ["localhost"]


def test_a_localhost_of_another_source_stays_as_it_is(minikube_home: t.Any) -> None:
    minikube_home.profile()
    minikube_home.machine()
    own = minikube_home.path.parent / "hosts.ini"
    own.write_text("localhost ansible_connection=ssh\n")
    done = ansible_inventory(minikube_home, SOURCE, first=own)
    values = listing(done)["_meta"]["hostvars"]["localhost"]
    assert values["ansible_connection"] == "ssh"
    assert "ansible_python_interpreter" not in values
