# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traffic that a playbook starts and stops, or leaves behind when it is killed."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

from ansible_collections.kuber.network.tests.unit.plugins.module_utils._migrate.test_traffic import (
    Names,
    Pages,
    serving,
    until,
)

COLLECTIONS = pathlib.Path(__file__).resolve().parents[7]
PLAYBOOK = pathlib.Path(sys.executable).with_name("ansible-playbook")
STOP: list[dict[str, t.Any]] = [
    {"kuber.network.traffic": {"state": "marked", "path": "{{ started.path }}", "what": "something happens"}},
    {"ansible.builtin.pause": {"seconds": 1}},
    {"kuber.network.traffic": {"state": "stopped", "path": "{{ started.path }}"}, "register": "seen"},
    {"ansible.builtin.copy": {"content": "{{ seen | to_json }}", "dest": "{{ playbook_dir }}/seen.json"}},
]


def start(home: pathlib.Path, options: dict[str, t.Any], more: list[dict[str, t.Any]]) -> subprocess.Popen[str]:
    begin = {"kuber.network.traffic": {"state": "started", "rate": 20, **options}, "register": "started"}
    (home / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [begin, *more]}]))
    (home / "tmp").mkdir()
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "TMPDIR": str(home / "tmp")}
    environment.pop("ANSIBLE_CONFIG", None)
    return subprocess.Popen(
        [str(PLAYBOOK), "play.yml"],
        env=environment,
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def traces(home: pathlib.Path) -> list[pathlib.Path]:
    return list((home / "tmp").glob("kuber-traffic-*"))


def test_a_playbook_sees_what_users_saw(tmp_path: pathlib.Path) -> None:
    with serving(Pages()) as pages, serving(Names()) as names:
        server = "{}:{}".format(*names.server_address)
        process = start(tmp_path, {"url": pages.url, "name_server": server, "connections": 2}, STOP)
        output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    assert "open TCP connections: 2 of 2 went on" in output
    seen = json.loads((tmp_path / "seen.json").read_text())
    assert (seen["requests"]["failed"], seen["udp"]["failed"], seen["changed"]) == (0, 0, False)
    assert seen["svg"].startswith("<svg")
    assert traces(tmp_path) == []


def test_what_does_not_answer_is_refused(tmp_path: pathlib.Path) -> None:
    with serving(Pages()) as pages:
        gone = pages.url
    process = start(tmp_path, {"url": gone}, [])
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 2
    assert "their targets do not answer, even before anything is changed" in output
    assert "connection refused" in output
    assert traces(tmp_path) == []


def test_a_killed_playbook_leaves_no_traffic(tmp_path: pathlib.Path) -> None:
    with serving(Pages()) as pages:
        process = start(tmp_path, {"url": pages.url}, [{"ansible.builtin.pause": {"seconds": 60}}])
        until(lambda: any((one / "ready").exists() for one in traces(tmp_path)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        until(lambda: traces(tmp_path) == [])
        time.sleep(1)
        before = len(pages.seen)
        time.sleep(1)
        assert len(pages.seen) == before
