# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import lzma
import os
import pathlib
import tarfile
import typing as t

import pytest

from ansible_collections.kuber.lab.plugins.plugin_utils._archive import ArchiveError, pack, unpack

LIMIT = 1 << 20


def member(name: str, **fields: t.Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def link(name: str, target: str) -> tarfile.TarInfo:
    return member(name, type=tarfile.SYMTYPE, linkname=target)


def archive(path: pathlib.Path, *members: tarfile.TarInfo) -> pathlib.Path:
    with tarfile.open(path, "w:xz") as tar:
        for one in members:
            tar.addfile(one, io.BytesIO(b"x" * one.size))
    return path


def tree(path: pathlib.Path) -> pathlib.Path:
    """As the compiled programs are: executables, links to them, a plain file."""
    (path / "bin").mkdir(parents=True)
    (path / "kubernetes").write_bytes(os.urandom(1000))
    (path / "kubernetes").chmod(0o700)
    (path / "manifest.yaml").write_text("kind: Namespace\n")
    (path / "bin" / "etcd").symlink_to("../kubernetes")
    return path


def test_a_directory_comes_back_as_it_was(tmp_path: pathlib.Path) -> None:
    source = tree(tmp_path / "source")
    size = pack(source, tmp_path / "archive")
    unpack(tmp_path / "archive", tmp_path / "back", size)
    back = tmp_path / "back"
    assert sorted(path.relative_to(back) for path in back.rglob("*")) == sorted(
        path.relative_to(source) for path in source.rglob("*")
    )
    assert (back / "bin" / "etcd").read_bytes() == (source / "kubernetes").read_bytes()
    assert os.readlink(back / "bin" / "etcd") == "../kubernetes"
    assert os.access(back / "kubernetes", os.X_OK)
    assert (back / "manifest.yaml").stat().st_mode & 0o777 == 0o644
    assert (back / "kubernetes").stat().st_uid == os.geteuid()


def test_the_same_content_gives_the_same_archive(tmp_path: pathlib.Path) -> None:
    source = tree(tmp_path / "source")
    pack(source, tmp_path / "one")
    os.utime(source / "kubernetes", (1, 1))
    pack(source, tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ([member("/etc/cron.d/x")], "'/etc/cron.d/x', which is not a plain relative path"),
        ([member("../x")], "'../x', which is not a plain relative path"),
        ([member("a/../../x")], "not a plain relative path"),
        ([member("./x")], "not a plain relative path"),
        ([link("x", "/etc/passwd")], "x to /etc/passwd, which may lead outside"),
        ([link("x", "../y")], "may lead outside"),
        ([link("x", "a/../../y")], "may lead outside"),
        ([member("a", type=tarfile.DIRTYPE), link("a/x", "../../y")], "may lead outside"),
        ([link("a", "b"), member("a/x", size=1)], "a/x, whose directory is a symbolic link"),
        ([member("b", type=tarfile.DIRTYPE), link("b/up", ".."), link("x", "b/up/../..")], "may lead outside"),
        ([link("x", "y"), member("x", size=1)], "x twice"),
        ([member("x", size=1), member("y", type=tarfile.LNKTYPE, linkname="x")], "y, which is not a file"),
        ([member("x", type=tarfile.CHRTYPE)], "x, which is not a file"),
        ([member("x", type=tarfile.BLKTYPE)], "x, which is not a file"),
        ([member("x", type=tarfile.FIFOTYPE)], "x, which is not a file"),
        ([member("x", size=LIMIT), member("y", size=1)], "more than the index says"),
    ],
)
def test_what_could_reach_outside_is_refused(
    tmp_path: pathlib.Path, members: list[tarfile.TarInfo], complaint: str
) -> None:
    hostile = archive(tmp_path / "archive", *members)
    before = sorted(tmp_path.parent.iterdir())
    with pytest.raises(ArchiveError, match=complaint.replace("(", r"\(")):
        unpack(hostile, tmp_path / "out", LIMIT)
    assert sorted(tmp_path.iterdir()) == [hostile, tmp_path / "out"]
    assert sorted(tmp_path.parent.iterdir()) == before


def test_a_setuid_program_loses_that_bit(tmp_path: pathlib.Path) -> None:
    unpack(archive(tmp_path / "archive", member("x", size=1, mode=0o6755)), tmp_path / "out", LIMIT)
    assert (tmp_path / "out" / "x").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("content", [b"", b"no archive", lzma.compress(b"no archive either" * 100)])
def test_what_is_no_archive_is_refused(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / "archive").write_bytes(content)
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        unpack(tmp_path / "archive", tmp_path / "out", LIMIT)


def test_an_archive_that_ends_early_is_refused(tmp_path: pathlib.Path) -> None:
    whole = archive(tmp_path / "archive", member("x", size=LIMIT))
    whole.write_bytes(whole.read_bytes()[:100])
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        unpack(whole, tmp_path / "out", LIMIT)


@pytest.mark.parametrize(
    "spoil",
    [lambda path: os.mkfifo(path / "x"), lambda path: (path / "x").symlink_to("/bin/sh")],
    ids=["pipe", "absolute link"],
)
def test_what_would_be_refused_is_not_packed(tmp_path: pathlib.Path, spoil: t.Callable[[pathlib.Path], None]) -> None:
    source = tree(tmp_path / "source")
    spoil(source)
    with pytest.raises(ArchiveError, match="it holds"):
        pack(source, tmp_path / "archive")
