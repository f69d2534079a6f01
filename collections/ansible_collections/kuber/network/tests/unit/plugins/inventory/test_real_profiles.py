# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that minikube itself has written, read as minikube reads them; see minikube/README.md beside this file."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils._profile import Profile, known_profiles, read_profile

FILES = pathlib.Path(__file__).parent / "minikube"
WRITTEN = FILES / "written"
ANSWERS = json.loads((WRITTEN / "answers.json").read_text())
PUBLISHED = 32772


@pytest.fixture
def engines(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Container engines that have published one port: no engine is needed to read the rest."""
    for name in ("docker", "podman"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho 127.0.0.1:{PUBLISHED}\n")
        program.chmod(0o755)
        monkeypatch.delenv({"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}[name], raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def read(name: str) -> Profile:
    return read_profile(WRITTEN, name)


@pytest.mark.usefixtures("engines")
@pytest.mark.parametrize("name", known_profiles(WRITTEN))
def test_every_node_is_reached_where_its_driver_says(name: str) -> None:
    profile = read(name)
    assert (profile.name, profile.driver) == (name, name)
    for node in profile.nodes:
        answer = ANSWERS[node.name]
        if name == "none":
            assert node.ssh is None
            continue
        assert node.ssh is not None
        # Empty is what the driver cannot say without its hypervisor: the address, which kvm2 has learned.
        host = {"localhost": "127.0.0.1", "": node.address}.get(answer["Host"], answer["Host"])
        assert (node.ssh.host, node.ssh.port, node.ssh.user) == (host, answer["Port"] or PUBLISHED, answer["User"])
        assert node.ssh.key_file == str(WRITTEN / "machines" / node.name / "id_rsa")


FACTS: dict[str, tuple[str, list[tuple[str, str, bool]]]] = {
    "docker": ("docker", [("docker", "192.168.49.2", True)]),
    "podman": ("crio", [("podman", "192.168.49.2", True)]),
    "kvm2": ("containerd", [("kvm2", "192.168.39.10", True), ("kvm2-m02", "192.168.39.11", False)]),
    "qemu2": ("containerd", [("qemu2", "127.0.0.1", True)]),
    "virtualbox": ("docker", [("virtualbox", "192.168.59.100", True)]),
    "none": ("docker", [("none", "192.168.1.7", True)]),
}


@pytest.mark.usefixtures("engines")
def test_every_profile_tells_its_nodes_and_what_they_run() -> None:
    assert set(known_profiles(WRITTEN)) == set(FACTS)
    for name, (runtime, nodes) in FACTS.items():
        profile = read(name)
        assert profile.container_runtime == runtime
        assert profile.kubernetes_version == "1.35.1"
        assert profile.addons == ("default-storageclass", "storage-provisioner")
        assert [(node.name, node.address, node.control_plane) for node in profile.nodes] == nodes


def test_a_cluster_that_was_started_is_read(tmp_path: pathlib.Path) -> None:
    shutil.copytree(FILES / "started", tmp_path / ".minikube")
    profile = read_profile(tmp_path / ".minikube", "minikube")
    (node,) = profile.nodes
    facts: dict[str, t.Any] = {"driver": "ssh", "container_runtime": "containerd", "kubernetes_version": "1.37.2"}
    assert {name: getattr(profile, name) for name in facts} == facts
    assert (profile.address, profile.addons, profile.tunnel_pids) == ("192.168.99.134", (), [])
    assert node.ssh is not None
    assert (node.ssh.host, node.ssh.port, node.ssh.user) == ("192.168.99.134", 22, "docker")


def test_a_start_that_was_interrupted_is_named() -> None:
    with pytest.raises(KuberError, match=r"minikube's node qemu has no address yet.*minikube start --profile qemu"):
        read_profile(FILES / "started", "qemu")
