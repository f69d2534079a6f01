# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbooks and a cluster that is stopped or deleted: one sentence, the right exit code, and the host as before."""

from __future__ import annotations

import json
import os
import pathlib
import shlex
import subprocess
import sys

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[8]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
POOL = "172.17.255.0/24"
NAMES = "127.0.0.1 localhost\n172.17.255.3\texample.app.org\n"
# A network of its own, with a bridge to nodes, and with what site.yml has set while they had other addresses.
SETUP = f"""
mount --bind {{home}}/hosts /etc/hosts
ip link set lo up
ip link add br0 type veth peer name peer
ip address add 192.168.49.1/24 dev br0
ip link set br0 up
ip link set peer up
ip route add {POOL} via 192.168.49.9 proto 107
exec "$@"
"""
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root"),
    pytest.mark.skipif(not (PROJECT / "playbooks").is_dir(), reason="the collection is not in the project's tree"),
]


class Machine:
    """A machine that has had a cluster of minikube's docker driver."""

    def __init__(self, home: pathlib.Path) -> None:
        self.home = home
        (home / "hosts").write_text(NAMES)
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
        (home / "manifest.yaml").write_text(json.dumps(body))
        (home / "bin").mkdir()
        docker = home / "bin" / "docker"
        docker.write_text(
            "#!/bin/sh\ncase $2 in minikube) ;; *) false ;; esac && cat $0.port && exit; echo gone >&2; exit 1\n"
        )
        docker.chmod(0o755)

    def profile(self, *nodes: str) -> None:
        """minikube's files; what is stopped has no published port."""
        listed = [
            {
                "Name": name.rpartition("-")[2] if "-" in name else "",
                "IP": f"192.168.49.{number}",
                "ControlPlane": number == 2,
            }
            for number, name in enumerate(nodes, 2)
        ]
        self._write("profiles/minikube/config.json", {"Name": "minikube", "Driver": "docker", "Nodes": listed})
        for name in nodes:
            self._write(f"machines/{name}/config.json", {"Driver": {}})
        cluster = {"name": "minikube", "cluster": {"server": "https://127.0.0.1:1"}}
        context = {"name": "minikube", "context": {"cluster": "minikube", "user": "minikube"}}
        user = {"name": "minikube", "user": {"token": "x"}}
        config = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "contexts": [context], "users": [user]}
        (self.home / "kubeconfig").write_text(json.dumps(config))

    def _write(self, path: str, content: object) -> None:
        target = self.home / ".minikube" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(content))

    def play(self, name: str) -> tuple[int, str, str]:
        """Exit code, what was said, and the route that is left."""
        manifests = {key: [str(self.home / "manifest.yaml")] for key in ("metallb_manifest", "ingress_nginx_manifest")}
        variables = {"ansible_python_interpreter": sys.executable, **manifests}
        argv = [str(PLAYBOOK), "-e", json.dumps(variables), f"playbooks/{name}.yml"]
        look = f"ip route show to exact {POOL} >{self.home}/routes"
        inner = f"{shlex.join(argv)}; code=$?; {look}; exit $code"
        setup = SETUP.format(home=self.home)
        environment = os.environ | {
            "MINIKUBE_HOME": str(self.home),
            "KUBECONFIG": str(self.home / "kubeconfig"),
            "HOME": str(self.home),
            "PATH": f"{self.home}/bin:{os.environ['PATH']}",
            "XDG_CACHE_HOME": str(self.home / "cache"),
        }
        done = subprocess.run(
            ["unshare", "--net", "--mount", "--propagation=private", "sh", "-euc", setup, "sh", "sh", "-c", inner],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        return done.returncode, " ".join((done.stdout + done.stderr).split()), (self.home / "routes").read_text()

    def hosts(self) -> str:
        return (self.home / "hosts").read_text()


@pytest.fixture
def machine(tmp_path: pathlib.Path) -> Machine:
    return Machine(tmp_path)


def test_teardown_after_a_deletion_takes_back_what_is_on_the_host(machine: Machine) -> None:
    code, said, route = machine.play("teardown")
    assert code == 0, said
    assert "Nothing is left to remove from the cluster: minikube has no profile minikube" in said
    assert "undefined" not in said
    assert (route, machine.hosts()) == ("", "127.0.0.1 localhost\n")


def test_teardown_of_a_stopped_cluster_says_what_it_could_not_do(machine: Machine) -> None:
    machine.profile("minikube")
    code, said, route = machine.play("teardown")
    assert code != 0
    assert "This machine's route and names are removed; what is in the cluster is not. The cluster of profile" in said
    assert "Run `minikube start --profile minikube` to start it" in said
    assert (route, machine.hosts()) == ("", "127.0.0.1 localhost\n")


def test_minikube_stop_removes_the_context_and_site_says_that_it_is_stopped(machine: Machine) -> None:
    machine.profile("minikube", "minikube-m02")
    (machine.home / "kubeconfig").write_text(json.dumps({"apiVersion": "v1", "kind": "Config"}))
    for name in ("verify", "preflight"):
        code, said, _route = machine.play(name)
        assert code == 2, said
        assert "The cluster of profile minikube is stopped" in said
        assert "Run `minikube start --profile minikube` to start it" in said
        assert "Cannot run commands" not in said


@pytest.mark.parametrize(("name", "deleted"), [("trace", True), ("verify", False)])
def test_without_a_cluster_it_is_one_sentence(machine: Machine, name: str, deleted: bool) -> None:
    if not deleted:
        machine.profile("minikube")
    code, said, route = machine.play(name)
    assert code == 2, said
    sentence = "minikube has no profile minikube (" if deleted else "The cluster of profile minikube is stopped, or"
    assert sentence in said
    assert "`minikube start --profile minikube`" in said
    assert "undefined" not in said
    assert "no hosts matched" not in said
    assert "192.168.49.9" in route


def test_a_dead_worker_is_one_finding(machine: Machine) -> None:
    machine.profile("minikube", "minikube-m02")
    (machine.home / "bin" / "docker.port").write_text("127.0.0.1:1\n")
    code, said, route = machine.play("preflight")
    assert code != 0
    assert "Cannot run commands as root on node minikube-m02" in said
    assert "docker publishes no SSH port for container minikube-m02 (gone): it is stopped" in said
    assert "undefined" not in said
    assert "192.168.49.9" in route
