# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
import pathlib
import typing as t

import pytest

from ansible_collections.kuber.lab.plugins.plugin_utils._export import ExportError, export
from ansible_collections.kuber.lab.plugins.plugin_utils._index import Address, AddressError, Index

SHA256 = "0123456789abcdef" * 4


def part(directory: pathlib.Path, key: str = "programs-0123456789ab") -> pathlib.Path:
    path = directory / key
    path.mkdir(parents=True)
    (path / "program").write_text(key)
    return path


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("/srv/mirror", "/srv/mirror"),
        ("/srv/a mirror#1/", "/srv/a mirror#1/"),
        ("file:///srv/a%20mirror", "/srv/a mirror"),
        ("file://localhost/srv/mirror", "/srv/mirror"),
        ("http://mirror.example:8080/lab/", "http://mirror.example:8080/lab/"),
        ("https://mirror.example", "https://mirror.example"),
    ],
)
def test_an_address_is_a_directory_or_a_web_address(text: str, base: str) -> None:
    assert Address.parse(f"{text}#sha256={SHA256}") == Address(base, SHA256)


@pytest.mark.parametrize(
    "text",
    [
        "/srv/mirror",
        "https://mirror.example/",
        "/srv/mirror#",
        f"/srv/mirror#{SHA256}",
        f"/srv/mirror#md5={SHA256}",
        "/srv/mirror#sha256=",
        f"/srv/mirror#sha256={SHA256[1:]}",
        f"/srv/mirror#sha256={SHA256.upper()}",
    ],
)
def test_an_address_without_a_checksum_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match=r"must end with #sha256= and the 64 digits"):
        Address.parse(text)


@pytest.mark.parametrize(
    ("base", "complaint"),
    [
        ("", "must be an absolute path, and it is ''"),
        ("mirror", "must be an absolute path, and it is 'mirror'"),
        ("ftp://mirror.example/", "must be a directory"),
        ("file://elsewhere/srv/mirror", "must be a directory"),
        ("http:///lab", "must be a directory"),
        ("https://mirror.example/?key=1", "without user or query"),
        ("http://[::1/", "must be a directory"),
    ],
)
def test_an_address_that_is_none_is_refused(base: str, complaint: str) -> None:
    with pytest.raises(AddressError, match=complaint.replace("?", r"\?")):
        Address.parse(f"{base}#sha256={SHA256}")


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(AddressError, match="without user") as raised:
        Address.parse(f"https://me:s3cret@mirror.example/#sha256={SHA256}")
    assert "s3cret" not in str(raised.value)


def entry(**changes: t.Any) -> dict[str, t.Any]:
    whole = {
        "key": "programs-0123456789ab",
        "file": "programs-0123456789ab.tar.xz",
        "size": 1,
        "sha256": SHA256,
        "unpacked": 1,
        "exported": "2026-11-29T12:00:00Z",
        "version": "1.0.0",
        "machine": "x86_64",
        "libc": "2.36",
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "Expecting value"),
        ("[]", "not an index of parts"),
        ('{"parts": {}}', "not an index of parts"),
        ({"format": 2, "parts": []}, "its format is 2, and this version reads format 1"),
        ({"parts": []}, "its format is None"),
        ({"format": 1, "parts": [1]}, "exactly the fields"),
        ({"format": 1, "parts": [entry(size=None)]}, "exactly the fields"),
        ({"format": 1, "parts": [entry(more=1)]}, "exactly the fields"),
        ({"format": 1, "parts": [entry(size="1")]}, "size is not a value of type int"),
        ({"format": 1, "parts": [entry(size=True)]}, "size is not a value of type int"),
        ({"format": 1, "parts": [entry(size=-1)]}, "malformed"),
        ({"format": 1, "parts": [entry(key="programs")]}, "malformed"),
        ({"format": 1, "parts": [entry(file="../programs.tar.xz")]}, "malformed"),
        ({"format": 1, "parts": [entry(file="/etc/passwd")]}, "malformed"),
        ({"format": 1, "parts": [entry(sha256="0")]}, "malformed"),
    ],
)
def test_a_file_that_is_no_index_says_why(content: str | dict[str, t.Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Index.parse((content if isinstance(content, str) else json.dumps(content)).encode())


def test_an_export_writes_the_parts_and_their_index(tmp_path: pathlib.Path) -> None:
    mirror = tmp_path / "mirror"
    done = export(mirror, [part(tmp_path)], "1.0.0")
    (one,) = json.loads((mirror / "index.json").read_text())["parts"]
    assert set(one) == set(entry())
    assert (one["key"], one["version"]) == ("programs-0123456789ab", "1.0.0")
    assert (mirror / one["file"]).stat().st_size == one["size"]
    assert done.written == ("programs-0123456789ab",)


def test_an_export_again_changes_nothing(tmp_path: pathlib.Path) -> None:
    mirror, source = tmp_path / "mirror", part(tmp_path)
    first = export(mirror, [source], "1.0.0")
    before = {path: path.stat().st_mtime_ns for path in mirror.glob("*.xz")}
    again = export(mirror, [source], "1.0.1")
    assert (again.written, again.sha256) == ((), first.sha256)
    assert {path: path.stat().st_mtime_ns for path in mirror.glob("*.xz")} == before


@pytest.mark.parametrize("damage", ["cut", "gone", "changed"])
def test_an_export_again_replaces_what_is_damaged(tmp_path: pathlib.Path, damage: str) -> None:
    mirror, source = tmp_path / "mirror", part(tmp_path)
    first = export(mirror, [source], "1.0.0")
    archive = mirror / first.index.parts[source.name].file
    content = archive.read_bytes()
    if damage == "gone":
        archive.unlink()
    else:
        archive.write_bytes(content[:-1] + (b"" if damage == "cut" else b"\0"))
    assert export(mirror, [source], "1.0.0").written == (source.name,)
    assert archive.read_bytes() == content


def test_an_export_keeps_the_parts_of_other_versions(tmp_path: pathlib.Path) -> None:
    mirror = tmp_path / "mirror"
    export(mirror, [part(tmp_path, "programs-000000000000")], "0.9.0")
    done = export(mirror, [part(tmp_path)], "1.0.0")
    assert {one.key: one.version for one in done.index.parts.values()} == {
        "programs-000000000000": "0.9.0",
        "programs-0123456789ab": "1.0.0",
    }


def test_an_export_leaves_a_foreign_index_alone(tmp_path: pathlib.Path) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / "index.json").write_text('{"pages": []}')
    with pytest.raises(ExportError, match="name another directory"):
        export(mirror, [part(tmp_path)], "1.0.0")
    assert [path.name for path in mirror.iterdir()] == ["index.json"]


def test_an_export_that_was_killed_is_completed(tmp_path: pathlib.Path) -> None:
    mirror, source = tmp_path / "mirror", part(tmp_path)
    first = export(mirror, [source], "1.0.0")
    (mirror / "index.json").unlink()
    archive = mirror / first.index.parts[source.name].file
    archive.rename(f"{archive}.partial")
    (mirror / "index.json.partial").write_text("{")
    assert export(mirror, [source], "1.0.0").written == (source.name,)
    assert sorted(path.name for path in mirror.iterdir()) == sorted(["index.json", archive.name])


def test_the_index_reads_back(tmp_path: pathlib.Path) -> None:
    done = export(tmp_path / "mirror", [part(tmp_path)], "1.0.0")
    again = Index.parse((tmp_path / "mirror" / "index.json").read_bytes())
    assert [dataclasses.asdict(one) for one in again.parts.values()] == [
        dataclasses.asdict(one) for one in done.index.parts.values()
    ]
