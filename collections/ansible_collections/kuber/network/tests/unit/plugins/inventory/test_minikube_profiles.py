# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import socket
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.plugin_utils import _profiles
from ansible_collections.kuber.network.plugins.plugin_utils._profile import Profile, ProfileNode, Ssh
from ansible_collections.kuber.network.tests.unit.plugins.inventory.support import SOURCE, ansible_inventory, listing

ALL = SOURCE + "profiles: [all]\n"


@pytest.fixture
def listener() -> t.Iterator[int]:
    """A port on which something answers, as the sshd of a node that runs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def three(minikube_home: t.Any, listener: int) -> t.Any:
    """One node with everything, two nodes of another kind, and one that is the machine itself."""
    minikube_home.profile("one", Addons={"ingress": True})
    minikube_home.machine("one", IPAddress="127.0.0.1", SSHPort=listener)
    nodes = [{"Name": "", "IP": "127.0.0.1", "ControlPlane": True}, {"Name": "m02", "IP": "127.0.0.2"}]
    kubernetes = {"KubernetesVersion": "v1.34.0", "ContainerRuntime": "docker"}
    minikube_home.profile("two-nodes", Driver="kvm2", Nodes=nodes, KubernetesConfig=kubernetes)
    for name in ("two-nodes", "two-nodes-m02"):
        minikube_home.machine(name, IPAddress="127.0.0.1", SSHPort=listener)
    minikube_home.profile("bare", Driver="none")
    return minikube_home


def test_every_profile_has_its_own_group_and_variables(three: t.Any) -> None:
    found = listing(ansible_inventory(three, ALL))
    hosts = {name: sorted(values["hosts"]) for name, values in found.items() if "hosts" in values}
    assert hosts == {
        "ungrouped": ["localhost"],
        "minikube_nodes": ["bare", "one", "two-nodes", "two-nodes-m02"],
        "control_plane": ["bare", "one", "two-nodes"],
        "workers": ["two-nodes-m02"],
        "minikube_profile_bare": ["bare"],
        "minikube_profile_one": ["one"],
        "minikube_profile_two_nodes": ["two-nodes", "two-nodes-m02"],
        "minikube_driver_kvm2": ["two-nodes", "two-nodes-m02"],
        "minikube_driver_none": ["bare"],
        "minikube_driver_ssh": ["one"],
        "minikube_runtime_containerd": ["bare", "one"],
        "minikube_runtime_docker": ["two-nodes", "two-nodes-m02"],
        "minikube_kubernetes_1_34_0": ["two-nodes", "two-nodes-m02"],
        "minikube_kubernetes_1_37_2": ["bare", "one"],
    }
    variables = found["_meta"]["hostvars"]
    contexts = {name: values["minikube_context"] for name, values in variables.items() if name != "localhost"}
    assert contexts == {"one": "one", "two-nodes": "two-nodes", "two-nodes-m02": "two-nodes", "bare": "bare"}
    assert variables["one"]["minikube_addons"] == ["ingress"]
    assert variables["two-nodes-m02"]["minikube_addons"] == []
    assert variables["two-nodes-m02"]["minikube_node_ip"] == "127.0.0.2"
    assert variables["bare"]["ansible_connection"] == "ansible.builtin.local"


def test_an_only_profile_is_known_to_all_hosts(three: t.Any) -> None:
    found = listing(ansible_inventory(three, SOURCE + "profiles: [one]\n", "--export"))
    assert found["all"]["vars"]["minikube_context"] == "one"
    found = listing(ansible_inventory(three, ALL, "--export"))
    assert "vars" not in found["all"]
    assert found["minikube_profile_one"]["vars"]["minikube_context"] == "one"


def test_a_list_of_profiles_leaves_the_others_out(three: t.Any) -> None:
    found = listing(ansible_inventory(three, SOURCE, KUBER_PROFILES="one,bare"))
    assert sorted(found["minikube_nodes"]["hosts"]) == ["bare", "one"]


def test_stopped_and_broken_profiles_are_left_out_with_a_warning(three: t.Any) -> None:
    port = free_port()
    three.profile("off")
    three.machine("off", IPAddress="127.0.0.1", SSHPort=port)
    three.profile("half")
    three.write("profiles/rubbish/config.json", "{")
    three.write("profiles/empty/something.json", "")
    done = ansible_inventory(three, ALL)
    assert sorted(listing(done)["minikube_nodes"]["hosts"]) == ["bare", "one", "two-nodes", "two-nodes-m02"]
    warnings = " ".join(done.stderr.split())
    assert (
        f"Skipping minikube's profile off: it is stopped: sshd of node off does not answer on 127.0.0.1:{port}"
        in warnings
    )
    assert "Skipping minikube's profile half" in warnings
    assert "machines/half/config.json; wanted: JSON" in warnings
    assert "Skipping minikube's profile rubbish" in warnings
    assert "empty" not in warnings


def test_a_name_that_is_not_there_is_an_error(three: t.Any) -> None:
    done = ansible_inventory(three, SOURCE + "profiles: [one, tow]\n")
    assert done.returncode != 0
    assert "minikube has no profile 'tow'" in " ".join(done.stderr.split())


def test_no_profiles_at_all_are_an_empty_inventory(minikube_home: t.Any) -> None:
    found = listing(ansible_inventory(minikube_home, ALL))
    assert "hosts" not in found.get("minikube_nodes", {})


def test_constructed_variables_and_groups_see_those_of_the_profile(three: t.Any) -> None:
    source = ALL + (
        "compose: {where: minikube_profile ~ '@' ~ minikube_node_ip}\n"
        "groups: {with_ingress: \"'ingress' in minikube_addons\"}\n"
        "keyed_groups: [{key: minikube_kubernetes_version, prefix: k8s}]\nstrict: true\n"
    )
    found = listing(ansible_inventory(three, source))
    assert found["_meta"]["hostvars"]["two-nodes-m02"]["where"] == "two-nodes@127.0.0.2"
    assert found["with_ingress"]["hosts"] == ["one"]
    assert sorted(found["k8s_1_37_2"]["hosts"]) == ["bare", "one"]


@pytest.mark.parametrize("selection", ["profile: one\n", "profiles: [all]\n"])
def test_the_cache_answers_until_it_is_flushed(three: t.Any, selection: str) -> None:
    cache = three.path.parent / "cache"
    source = f"{SOURCE}{selection}cache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: {cache}\n"
    first = listing(ansible_inventory(three, source))
    three.profile("one", KubernetesConfig={"KubernetesVersion": "v1.40.0", "ContainerRuntime": "containerd"})
    assert listing(ansible_inventory(three, source)) == first
    fresh = listing(ansible_inventory(three, source, "--flush-cache"))
    assert fresh["_meta"]["hostvars"]["one"]["minikube_kubernetes_version"] == "1.40.0"
    other = listing(ansible_inventory(three, source.replace(selection, "profile: bare\n")))
    assert other["minikube_nodes"]["hosts"] == ["bare"]


TEXTS = st.text(max_size=8)
SSHS = st.none() | st.builds(Ssh, host=TEXTS, port=st.integers(1, 65535), user=TEXTS, key_file=TEXTS, known_hosts=TEXTS)
NODES = st.builds(ProfileNode, name=TEXTS, address=TEXTS, control_plane=st.booleans(), ssh=SSHS)


@given(
    st.lists(
        st.builds(
            Profile,
            name=TEXTS,
            home=TEXTS,
            driver=TEXTS,
            container_runtime=TEXTS,
            kubernetes_version=TEXTS,
            addons=st.lists(TEXTS, max_size=3).map(tuple),
            nodes=st.lists(NODES, min_size=1, max_size=3).map(tuple),
        ),
        max_size=3,
    )
)
def test_what_comes_out_of_the_cache_is_what_went_in(profiles: list[Profile]) -> None:
    assert _profiles.load(_profiles.dump(profiles)) == profiles
