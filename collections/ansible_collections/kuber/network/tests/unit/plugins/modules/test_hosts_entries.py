# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import subprocess
import time
import typing as t

import pytest

if t.TYPE_CHECKING:
    from .conftest import ModuleCaller

APP = [{"address": "172.17.255.3", "names": ["example.app.org"]}]


@pytest.fixture
def hosts(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "hosts"
    path.write_bytes(b"127.0.0.1\tlocalhost\n10.9.9.9 example.app.org # \xe9t\xe9\n")
    path.chmod(0o644)
    return path


def test_check_predicts_what_the_run_does(run_module: ModuleCaller, hosts: pathlib.Path) -> None:
    params = {"entries": APP, "path": str(hosts)}
    before = hosts.read_bytes()

    predicted = run_module("hosts_entries", params, check=True)
    assert predicted["changed"]
    assert hosts.read_bytes() == before, "check mode wrote"

    done = run_module("hosts_entries", params)
    assert done["changed"]
    assert done["diff"] == predicted["diff"]
    assert hosts.read_bytes() == b"127.0.0.1\tlocalhost\n172.17.255.3 example.app.org # \xe9t\xe9\n"

    inode = hosts.stat().st_ino
    assert not run_module("hosts_entries", params)["changed"]
    assert hosts.stat().st_ino == inode, "an unchanged file was rewritten"


def test_absent_takes_the_line_back(run_module: ModuleCaller, hosts: pathlib.Path) -> None:
    hosts.write_text("127.0.0.1 localhost\n172.17.255.3\texample.app.org\n")
    params = {"entries": APP, "path": str(hosts), "state": "absent"}
    assert run_module("hosts_entries", params)["changed"]
    assert hosts.read_text() == "127.0.0.1 localhost\n"
    assert not run_module("hosts_entries", params)["changed"]


def test_mode_owner_and_symbolic_link_are_kept(
    run_module: ModuleCaller, hosts: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    hosts.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(hosts)
    assert run_module("hosts_entries", {"entries": APP, "path": str(link)})["changed"]
    assert link.is_symlink()
    assert hosts.stat().st_mode & 0o777 == 0o640
    assert b"172.17.255.3" in hosts.read_bytes()


def test_a_file_that_is_not_there_is_made(run_module: ModuleCaller, tmp_path: pathlib.Path) -> None:
    params = {"entries": APP, "path": str(tmp_path / "new")}
    assert run_module("hosts_entries", params)["changed"]
    assert (tmp_path / "new").read_text() == "172.17.255.3\texample.app.org\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="mount namespaces need root")
def test_a_bind_mounted_file_is_written_in_place(
    run_module: ModuleCaller, hosts: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    target = tmp_path / "etc-hosts"
    target.write_text("")
    mounted = ["unshare", "--mount", "sh", "-c", f'mount --bind {hosts} {target} && exec "$@"', "sh"]
    done = run_module("hosts_entries", {"entries": APP, "path": str(target)}, prefix=mounted)
    assert done["changed"], done
    assert b"172.17.255.3 example.app.org" in hosts.read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to drop root")
def test_without_permission_a_change_is_refused_and_no_change_is_fine(run_module: ModuleCaller) -> None:
    nobody = ["setpriv", "--reuid", "65534", "--clear-groups", "--bounding-set", "-all", "--inh-caps", "-all"]
    with_localhost = [{"address": "127.0.0.1", "names": ["localhost"]}]
    before = pathlib.Path("/etc/hosts").read_bytes()
    subprocess.run([*nobody, "true"], check=True)
    failed = run_module(
        "hosts_entries", {"entries": [{"address": "10.1.2.3", "names": ["kuber.test"]}]}, check=False, prefix=nobody
    )
    assert "no write access" in failed["msg"]
    assert "become" in failed["msg"]
    assert not run_module("hosts_entries", {"entries": with_localhost}, prefix=nobody)["changed"]
    assert pathlib.Path("/etc/hosts").read_bytes() == before


def test_refusal_comes_before_any_write(run_module: ModuleCaller, hosts: pathlib.Path) -> None:
    before = hosts.read_bytes()
    entries = [*APP, {"address": "172.17.255.999", "names": ["bad.org"]}]
    failed = run_module("hosts_entries", {"entries": entries, "path": str(hosts)})
    assert failed["failed"]
    assert "172.17.255.999" in failed["msg"]
    assert hosts.read_bytes() == before


BAD_FILES: dict[str, tuple[bytes, bytes | None]] = {
    "CRLF": (b"127.0.0.1 localhost\r\n", b"127.0.0.1 localhost\r\n172.17.255.3\texample.app.org\r\n"),
    "CR alone": (b"127.0.0.1 a\r10.0.0.1 b", b"127.0.0.1 a\r10.0.0.1 b\n172.17.255.3\texample.app.org\n"),
    "tabs": (b"\t10.9.9.9\t\texample.app.org\t#\tx\n", b"\t172.17.255.3\t\texample.app.org\t#\tx\n"),
    "no final newline": (b"127.0.0.1 localhost", b"127.0.0.1 localhost\n172.17.255.3\texample.app.org\n"),
    "empty": (b"", b"172.17.255.3\texample.app.org\n"),
    "no UTF-8": (b"\xff\xfe\n10.0.0.1 caf\xe9\n", b"\xff\xfe\n10.0.0.1 caf\xe9\n172.17.255.3\texample.app.org\n"),
    "NUL": (b"127.0.0.1 localhost\n\0\0\n", None),
}


@pytest.mark.parametrize(("before", "after"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_odd_files_are_kept_or_refused(
    run_module: ModuleCaller, hosts: pathlib.Path, before: bytes, after: bytes | None
) -> None:
    hosts.write_bytes(before)
    done = run_module("hosts_entries", {"entries": APP, "path": str(hosts)})
    if after is None:
        assert "not a text file" in done["msg"]
        assert hosts.read_bytes() == before
        return
    assert done["changed"], done
    assert hosts.read_bytes() == after
    assert not run_module("hosts_entries", {"entries": APP, "path": str(hosts)})["changed"]


def test_ten_thousand_lines_are_done_in_no_time(run_module: ModuleCaller, hosts: pathlib.Path) -> None:
    lines = "".join(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}\thost{n}\n" for n in range(10_000))
    hosts.write_text(lines)
    started = time.monotonic()
    assert run_module("hosts_entries", {"entries": APP, "path": str(hosts)})["changed"]
    assert time.monotonic() - started < 10
    assert hosts.read_text() == lines + "172.17.255.3\texample.app.org\n"


def test_a_directory_is_refused(run_module: ModuleCaller, tmp_path: pathlib.Path) -> None:
    assert "is a directory" in run_module("hosts_entries", {"entries": APP, "path": str(tmp_path)})["msg"]
