# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets are planted wherever the collection gets hold of some, and looked for in all that Ansible says."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest
import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError, Client
from ansible_collections.kuber.network.tests.unit.plugins.conftest import make_key

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
WORDS = {
    "first": "canary-first-7061",
    "second": "canary-second-7062",
    "data": "canary-data-7063",
    "invalid": "canary invalid 7064",
    "token": "canary-token-7065",
    "key": "canary-key-7066",
    "password": "canary-password-7067",
}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def forms(text: str) -> list[str]:
    """As it is, encoded, and encoded wherever it stands in something longer."""
    shifted = [base64.b64encode(b"x" * shift + text.encode()).decode()[4:-4] for shift in range(3)]
    return [text, encoded(text), *shifted]


def secret(name: str, **fields: t.Any) -> dict[str, t.Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "default"}, **fields}


# A pod that can never start, for nobody makes pods run here.
WAITING = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "canary-waiting", "namespace": "default"},
    "spec": {
        "selector": {"matchLabels": {"app": "canary"}},
        "template": {
            "metadata": {"labels": {"app": "canary"}},
            "spec": {
                "containers": [
                    {"name": "one", "image": "x", "envFrom": [{"secretRef": {"name": "canary"}}]},
                ]
            },
        },
    },
}


class Household:
    """A directory with a kubeconfig, a node's key and variables, and the plays that use them."""

    def __init__(self, directory: pathlib.Path, api_server: t.Any, sshd: t.Any) -> None:
        self.directory = directory
        self.sshd = sshd
        self.kubeconfig = self._kubeconfig(json.loads(api_server.kubeconfig.read_text()))
        self.stranger = make_key(directory / "stranger")
        self.output = ""

    def _kubeconfig(self, content: dict[str, t.Any]) -> pathlib.Path:
        """The real one, and users whose credentials nobody takes."""
        bad: dict[str, dict[str, str]] = {
            "token": {"token": WORDS["token"]},
            "password": {"username": "somebody", "password": WORDS["password"]},
            "key": {"client-certificate-data": encoded("no certificate"), "client-key-data": encoded(WORDS["key"])},
        }
        content["users"] += [{"name": name, "user": user} for name, user in bad.items()]
        content["contexts"] += [{"name": name, "context": {"cluster": "loopback", "user": name}} for name in bad]
        path = self.directory / "kubeconfig"
        path.write_text(json.dumps(content))
        return path

    def tasks(self) -> list[dict[str, t.Any]]:
        first, second = ({"definition": f"{{{{ {name} }}}}"} for name in ("first", "second"))
        read = {"kind": "Secret", "name": "canary", "namespace": "default"}
        failing = [
            {"kuber.network.manifests": {"definition": "{{ invalid }}"}},
            {"kuber.network.manifests": {"definition": "{{ no_base64 }}"}},
            {"kuber.network.manifests": {"definition": "{{ waiting }}", "wait_timeout": 1}},
            {"kuber.network.manifests": {"definition": "{{ no_yaml }}"}},
            *({"kuber.network.manifests_info": read | {"context": user}} for user in ("token", "password", "key")),
            {"ansible.builtin.raw": "id -u", "delegate_to": "unknown", "ignore_unreachable": True},
        ]
        fine = [
            {"kuber.network.manifests": first, "check_mode": True},
            {"kuber.network.manifests": first},
            {"kuber.network.manifests": second},
            {"kuber.network.manifests": first, "check_mode": True},
            {"kuber.network.manifests_info": read, "register": "read"},
            {"kuber.network.manifests_info": {"kind": "Secret", "query": "[].data"}},
            # What was read is there to be used.
            {"ansible.builtin.assert": {"that": "read.objects[0].data.token == wanted", "quiet": True}},
            {"ansible.builtin.raw": "id -u", "delegate_to": "minikube"},
            {"kuber.network.node_kernel_info": {}, "delegate_to": "minikube"},
        ]
        return [*fine, *(task | {"ignore_errors": True, "failed_when": False} for task in failing)]

    def run(self, *flags: str) -> None:
        variables = {
            "first": secret("canary", stringData={"token": WORDS["first"]}, data={"more": encoded(WORDS["data"])}),
            "second": secret("canary", stringData={"token": WORDS["second"]}, data={"more": encoded(WORDS["data"])}),
            "invalid": secret("canary", type="kubernetes.io/dockerconfigjson", stringData={"x y": WORDS["invalid"]}),
            "no_base64": secret("canary-no-base64", data={"token": WORDS["invalid"]}),
            "waiting": [WAITING, secret("canary", stringData={"token": WORDS["second"]})],
            "no_yaml": f"apiVersion: v1\nkind: Secret\nstringData: {{token: {WORDS['invalid']}, :",
            "wanted": encoded(WORDS["second"]),
        }
        (self.directory / "variables.json").write_text(json.dumps(variables))
        defaults = {"group/kuber.network.cluster": {"kubeconfig": str(self.kubeconfig), "context": "loopback"}}
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "module_defaults": defaults}
        book = self.directory / "play.yml"
        book.write_text(yaml.safe_dump([play | {"vars_files": ["variables.json"], "tasks": self.tasks()}]))
        node = self.sshd.variables(self.directory / "known_hosts")
        keys = {"minikube": self.sshd.key_file, "unknown": self.stranger}
        hosts = {name: node | {"ansible_ssh_private_key_file": str(key)} for name, key in keys.items()}
        inventory = self.directory / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"localhost": {}, **hosts}}}))
        settings = self.directory / "ansible.cfg"
        settings.write_text(f"[defaults]\ncollections_path={COLLECTIONS}\nlog_path={self.directory / 'log'}\n")
        environment = {**os.environ, "ANSIBLE_CONFIG": str(settings)}
        argv = [str(PLAYBOOK), "-i", str(inventory), str(book), *flags]
        # Whoever lets everybody write to their files does not mean those.
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False, umask=0)
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, self.output[-3000:]
        self.output += (self.directory / "log").read_text()

    def keys(self) -> list[str]:
        """Lines of the private keys."""
        lines = [line for key in (self.sshd.key_file, self.stranger) for line in key.read_text().splitlines()]
        return [line for line in lines if not line.startswith("-----") and len(line) > 20]


@pytest.fixture
def household(tmp_path: pathlib.Path, api_server: t.Any, sshd: t.Any) -> t.Iterator[Household]:
    home = tmp_path / "household"
    home.mkdir()
    yield Household(home, api_server, sshd)
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
    with contextlib.suppress(ApiError):
        client.request("DELETE", "/apis/apps/v1/namespaces/default/deployments/canary-waiting")


def test_nothing_secret_is_said_however_loud(household: Household) -> None:
    household.run("-vvvv", "--diff")
    said = household.output
    # It is the output of all this: the diff with its mask, the connection's words, the reasons of what has failed.
    for sign in ("token: '***'", "canary-waiting is not ready", "Unauthorized", "EXEC", "rejected the login"):
        assert sign in said, sign
    told = {name: form for name, word in WORDS.items() for form in forms(word) if form in said}
    assert told == {}
    assert [line for line in [*household.keys(), "for-tests-on-loopback"] if line in said] == []


def test_what_is_written_is_for_the_user_alone(household: Household) -> None:
    household.run()
    assert (household.directory / "known_hosts").stat().st_mode & 0o077 == 0
