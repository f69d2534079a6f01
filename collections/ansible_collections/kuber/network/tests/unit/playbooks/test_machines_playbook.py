# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs of machines.yml on machines that only answer: directories, with a stub in place of Python and Ansible.

The long form of the tests (KUBER_SOAK) takes a hundred of them, and prints time and memory.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import resource
import stat
import subprocess
import sys
import time

import pytest
import yaml

COLLECTIONS = pathlib.Path(__file__).resolve().parents[6]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
SOAK = bool(os.environ.get("KUBER_SOAK"))
MACHINES = 100 if SOAK else 3
REPORT = {"ANSIBLE_CALLBACKS_ENABLED": "kuber.network.drift_report"}
# It is python3, and the python and ansible-playbook of the virtual environment; files of the machine say how it ends.
STUB = r"""#!/bin/sh
case $0 in
*/ansible-playbook)
  [ ! -e ../password ] || cat >../password
  echo "$*" >>../commands
  cat "${1#--extra-vars=@}" >../settings
  echo '{"task": "kuber.network.metallb : Set up MetalLB"}' >"$KUBER_RUN_STATUS"
  echo "profile $KUBER_PROFILE"
  sleep "$(cat ../seconds 2>/dev/null || echo 0)"
  [ ! -e ../killed ] || kill -9 0
  cp ../report.json "$KUBER_RUN_STATUS"
  exit "$(cat ../code 2>/dev/null || echo 0)" ;;
esac
echo "$*" >>"${KUBER_STUB_CALLS:-/dev/null}"
case $1$2 in
-c*) echo 3.9.2; [ ! -e old ] || exit 1 ;;
-mvenv) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" && cp "$0" "$3/bin/ansible-playbook" ;;
-mpip) [ ! -e disk-full ] || { echo 'ERROR: [Errno 28] No space left on device' >&2; exit 1; } ;;
esac
"""
FOUND = {
    "host": "localhost",
    "play": "Web application",
    "role": "web_app",
    "task": "Apply the web application",
    "item": None,
    "thing": "Deployment/default/web",
    "action": "configured",
    "fields": [{"field": "spec.replicas", "manager": "kubectl-scale", "time": "2026-11-29T12:00:00Z"}],
    "removed": [],
    "added": [],
}
FAILED = {"task": "Set up MetalLB", "message": "Deployment metallb-system/controller is not ready.", "reason": "failed"}


@dataclasses.dataclass(frozen=True)
class Classroom:
    """A control machine with an inventory of machines."""

    directory: pathlib.Path

    def machine(self, name: str, **files: str) -> pathlib.Path:
        home = self.directory / "homes" / name
        home.mkdir(parents=True)
        for file, content in {"report.json": json.dumps({"drift": [], "not_checked": []}), **files}.items():
            (home / file).write_text(content)
        return home

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        stub = self.directory / "python3"
        stub.write_text(STUB)
        stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
        homes = self.directory / "homes"
        names = sorted(path.name for path in homes.iterdir())
        # A machine that is down: nothing listens on the port, so that SSH is refused at once.
        down = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
        hosts = {name: down if name.startswith("down") else {} for name in names}
        settings = {
            "ansible_connection": "local",
            "machines_python": str(stub),
            "machines_directory": f"{homes}/{{{{ inventory_hostname }}}}",
            "machines_interval": 1,
        }
        (self.directory / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": settings}}))
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "KUBER_"))}
        given = {"ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "160"}
        done = subprocess.run(
            [str(PLAYBOOK), "-i", "hosts.yml", "kuber.network.machines", *arguments],
            cwd=self.directory,
            env=inherited | given | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    def report(self, name: str) -> dict[str, object]:
        content = (self.directory / "machines" / f"{name}.json").read_text()
        return dict(json.loads(content))


def drifted() -> str:
    return json.dumps({"drift": [FOUND], "not_checked": []})


def failed() -> str:
    return json.dumps({"drift": [], "not_checked": [FAILED]})


@pytest.fixture
def classroom(tmp_path: pathlib.Path) -> Classroom:
    return Classroom(tmp_path)


def rows(output: str) -> list[list[str]]:
    """The cells of the table, without its heading."""
    text = output[output.index("machine  ") :]
    lines = re.sub(r"\n +", " ", text[: text.index("\n\n")]).splitlines()[1:]
    return [re.split(r"\s{2,}", line.strip()) for line in lines]


def test_all_machines_get_their_run_and_one_table_has_them(classroom: Classroom) -> None:
    names = [f"pc{number:03}" for number in range(MACHINES)]
    for name in names:
        classroom.machine(name)
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    code, output = classroom.run("--forks", str(MACHINES))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{MACHINES} machines that only answer: {time.monotonic() - started:.1f} s, "
        f"{used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime:.1f} s of CPU with the machines' own, "
        f"largest process {used.ru_maxrss / 1024:.0f} MB"
    )
    assert code == 0, output
    assert rows(output) == [[name, "ok"] for name in names]
    assert f"{MACHINES} machines: {MACHINES} ok" in output
    assert {classroom.report(name)["verdict"] for name in names} == {"ok"}


def test_a_machine_that_is_down_full_or_fails_does_not_stop_the_others(classroom: Classroom) -> None:
    classroom.machine("down")
    classroom.machine("fails", **{"report.json": failed(), "code": "2"})
    classroom.machine("fine")
    classroom.machine("full", **{"disk-full": ""})
    (classroom.machine("killed") / "killed").touch()
    (classroom.machine("old") / "old").touch()
    code, output = classroom.run()
    assert code == 2, output
    found = {row[0]: row[1:] for row in rows(output)}
    assert found["fine"] == ["ok"]
    assert found["down"][0] == "unreachable"
    assert "refused" in found["down"][1]
    assert found["fails"] == ["failed", "Set up MetalLB: Deployment metallb-system/controller is not ready."]
    assert "No space left on device" in output
    assert found["killed"][0] == "failed"
    assert "The run was killed" in found["killed"][1]
    assert re.findall(r"(?m)^(\S+) +: ok=.* failed=1 ", output) == ["down", "fails", "full", "killed", "old"]
    assert f"See {classroom.directory}/machines/down.log, and run the same again" in " ".join(output.split())


def test_check_mode_reports_drift_as_for_one_machine(classroom: Classroom) -> None:
    home = classroom.machine("pc01", **{"report.json": drifted()})
    classroom.machine("pc02")
    classroom.machine("pc03", **{"report.json": failed(), "code": "2"})
    code, output = classroom.run("--check", "--limit=pc01,pc02", **REPORT)
    assert code == 2, output
    assert rows(output) == [["pc01", "drifted", "1"], ["pc02", "ok"]]
    assert (home / "commands").read_text().endswith("kuber.network.site --check\n")
    report = json.loads((classroom.directory / "drift.json").read_text())
    assert [(one["host"], one["thing"]) for one in report["drift"]] == [("pc01", "Deployment/default/web")]
    code, output = classroom.run("--check", **REPORT)
    assert code == 1, output
    report = json.loads((classroom.directory / "drift.json").read_text())
    assert [one["host"] for one in report["not_checked"]] == ["pc03"]
    code, output = classroom.run("--check", "--limit=pc02", **REPORT)
    assert code == 0, output


def test_what_is_given_reaches_the_machine_and_the_password_nothing_else(classroom: Classroom) -> None:
    home = classroom.machine("pc01", password="")
    secret = "canary-password-7068"
    given = {
        "ansible_become_password": secret,
        # The user of the connection starts the run, though the inventory has become for other playbooks.
        "ansible_become": True,
        "ansible_become_user": "nobody",
        "ansible_become_exe": "/bin/false",
        "machines_playbook": "teardown",
        "machines_arguments": ["--tags", "a b"],
        "machines_settings": {"web_app_replicas": 2},
        "machines_environment": {"KUBER_PROFILE": "home work"},
    }
    code, output = classroom.run("-vvv", "-e", json.dumps(given))
    assert code == 0, output
    assert (home / "commands").read_text().endswith("--become-password-file=- kuber.network.teardown --tags a b\n")
    assert json.loads((home / "settings").read_text()) == {"web_app_replicas": 2}
    assert (classroom.directory / "machines" / "pc01.log").read_text() == "profile home work\n"
    assert (home / "password").read_text() == secret
    (home / "password").unlink()
    # Ansible itself shows what was given with -e.
    assert secret not in output.replace(json.dumps(given), "")
    kept = [path for path in classroom.directory.rglob("*") if path.is_file() and secret in path.read_text("latin-1")]
    assert kept == []
