# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The docker driver's host: apart from this machine while it is there, and nothing left of it afterwards."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
import typing as t

import pytest

if t.TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = pathlib.Path(__file__).resolve().parents[3] / "roles" / "engine" / "files" / "docker-host"
ENGINE = os.environ.get("KUBER_TEST_ENGINE", "")
SETTINGS = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not ENGINE,
    reason="needs root, and the Docker engine that `make lab DRIVER=docker` has unpacked (.lab/vars.sh)",
)


class Host:
    """One host, by the environment that its program takes."""

    def __init__(self, name: str, directory: pathlib.Path) -> None:
        self.name = name
        self.state = directory / name
        self.env = {**os.environ, "LAB_NAME": name, "LAB_STATE": str(self.state), "LAB_ENGINE": ENGINE}
        self.env.pop("LAB_DESKTOP", None)

    def __call__(self, *arguments: str) -> str:
        result = subprocess.run(
            [str(PROGRAM), *arguments], env=self.env, capture_output=True, text=True, check=False, timeout=120
        )
        assert result.returncode == 0, result.stderr
        return result.stdout


@contextlib.contextmanager
def host(name: str, directory: pathlib.Path) -> Iterator[Host]:
    one = Host(f"{name}-{os.getpid()}", directory)
    try:
        yield one
    finally:
        one("gone")


def traces(name: str) -> list[str]:
    """What a host could leave on this machine: control groups, mounts and processes."""
    groups = [str(path) for path in pathlib.Path("/sys/fs/cgroup").rglob(f"*{name}*")]
    mounts = [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if name in line]
    processes = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"KUBER_LAB_HOST={name}".encode() in path.read_bytes().split(b"\0"):
                processes.append(str(path))
    return groups + mounts + processes


def settings() -> dict[str, str]:
    return {name: (pathlib.Path("/proc/sys") / name).read_text().strip() for name in SETTINGS}


def links() -> list[str]:
    """Of this machine, as another test may make some for itself: only the names that Docker gives."""
    return [path.name for path in pathlib.Path("/sys/class/net").iterdir() if path.name.startswith(("docker", "br-"))]


def test_host_has_an_engine_of_its_own_and_leaves_nothing(tmp_path: pathlib.Path) -> None:
    modules, before = pathlib.Path("/lib/modules").exists(), links()
    with host("kuber-test", tmp_path) as one:
        one("up")
        assert one("status").strip() == "running"
        assert one("exec", "docker", "ps", "--quiet").strip() == ""
        assert "docker0" in one("exec", "ls", "/sys/class/net").split()
        assert links() == before
        assert traces(one.name)
        one("up")  # a second time changes nothing
    assert traces(one.name) == []
    assert not one.state.exists()
    assert pathlib.Path("/lib/modules").exists() == modules


def test_with_docker_desktop_only_published_ports_are_reached(tmp_path: pathlib.Path) -> None:
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("there is no busybox (Debian: busybox-static)")
    with host("kuber-desktop", tmp_path) as one:
        one.env["LAB_DESKTOP"] = "true"
        one("up")
        assert one("exec", "docker", "info", "--format={{.OperatingSystem}}").strip() == "Docker Desktop"
        assert sorted(one("exec", "ls", "/sys/class/net").split()) == ["eth0", "lo"]
        (tmp_path / "image" / "bin").mkdir(parents=True)
        shutil.copy(busybox, tmp_path / "image" / "bin" / "busybox")
        subprocess.run(["tar", "-C", str(tmp_path / "image"), "-cf", str(tmp_path / "image.tar"), "."], check=True)
        one("exec", "docker", "import", str(tmp_path / "image.tar"), "page:1")
        server = ["/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/bin"]
        one("exec", "docker", "run", "-d", "--name=page", "--publish=127.0.0.1:18080:80", "page:1", *server)
        fetch = "for n in $(seq 50); do curl -sf -m 2 -o /dev/null $0 && exit; sleep 0.1; done; exit 1"
        one("exec", "sh", "-c", fetch, "http://127.0.0.1:18080/busybox")
        address = one("exec", "docker", "inspect", "--format={{.NetworkSettings.Networks.bridge.IPAddress}}", "page")
        # Its router swallows it.
        assert one("exec", "sh", "-c", f"curl -s -m 1 http://{address.strip()}/ || echo $?").strip() == "28"
        one("exec", "docker", "rm", "--force", "page")
        one("exec", "sh", "-c", "while curl -s -m 2 -o /dev/null http://127.0.0.1:18080/; do sleep 0.1; done")
    assert traces(one.name) == []


def test_host_sees_what_is_installed_later_and_keeps_what_was_changed_on_it(tmp_path: pathlib.Path) -> None:
    installed = pathlib.Path(f"/etc/kuber-test-{os.getpid()}")
    try:
        with host("kuber-later", tmp_path) as one:
            one("up")
            installed.mkdir()
            (installed / "file").write_text("first")
            assert one("exec", "cat", f"{installed}/file") == "first"
            (installed / "file").write_text("second")
            assert one("exec", "cat", f"{installed}/file") == "second"
            one("exec", "sh", "-c", f"echo host >{installed}/file; echo 192.0.2.1 name >>/etc/hosts")
            (installed / "file").write_text("third")
            assert one("exec", "cat", f"{installed}/file") == "host\n"
            assert "192.0.2.1 name" in one("exec", "cat", "/etc/hosts")
            assert "192.0.2.1 name" not in pathlib.Path("/etc/hosts").read_text()
            one("reset")
            assert "192.0.2.1 name" not in one("exec", "cat", "/etc/hosts")
    finally:
        for path in (installed / "file", installed):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)


def test_settings_of_the_machine_are_put_back_by_the_last_of_two_hosts(tmp_path: pathlib.Path) -> None:
    before = settings()
    with host("kuber-one", tmp_path) as one:
        one("up")
        with host("kuber-two", tmp_path) as two:
            two("up")
            changed = {name: "1" if value == "0" else "0" for name, value in before.items()}
            for name, value in changed.items():  # as a kubelet in there does
                two("exec", "sh", "-c", f"echo {value} >/proc/sys/{name}")
        other_labs = any(pathlib.Path("/run/kuber-lab/labs").glob("kuber-[0-9a-f]*"))
        assert settings() == changed
    if other_labs:
        for name, value in before.items():
            (pathlib.Path("/proc/sys") / name).write_text(value)
        pytest.skip("a lab of this machine is up, so nothing is put back yet")
    assert settings() == before


@pytest.mark.parametrize("_attempt", range(2))
def test_killed_start_is_completed_by_the_next(tmp_path: pathlib.Path, _attempt: int) -> None:
    with host("kuber-killed", tmp_path) as one:
        process = subprocess.Popen(
            [str(PROGRAM), "up"], env=one.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
        )
        time.sleep(random.uniform(0.05, 1.5))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        one("up")
        assert one("exec", "docker", "version", "--format", "{{ .Server.Os }}").strip() == "linux"
    assert traces(one.name) == []
