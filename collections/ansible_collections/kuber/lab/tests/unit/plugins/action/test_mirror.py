# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


"""A stage whose result a mirror may have: fetched when it is whole, built when it is not."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import io
import lzma
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import threading
import time
import typing as t

import pytest

from ansible_collections.kuber.lab.plugins.action.stages import Stage, ensure_all
from ansible_collections.kuber.lab.plugins.plugin_utils import _mirror, _transfer
from ansible_collections.kuber.lab.plugins.plugin_utils._export import export
from ansible_collections.kuber.lab.plugins.plugin_utils._index import Address, Index, Part
from ansible_collections.kuber.lab.plugins.plugin_utils._mirror import Mirror

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a stage makes namespaces, which takes root")
COMPILE = 'echo compiled > "$OUT/program"'


def spec(directory: pathlib.Path, **changes: t.Any) -> dict[str, t.Any]:
    script = directory / "build.sh"
    script.write_text(COMPILE)
    plain = {"name": "try", "script": str(script), "inputs": {}, "environment": {}, "tools": {}, "takes": 20}
    return plain | {"portable": True} | changes


@dataclasses.dataclass
class Published:
    """A mirror with the part of one stage, which says "fetched" where a build would say "compiled"."""

    home: pathlib.Path
    index: Index

    @property
    def directory(self) -> pathlib.Path:
        return self.home / "mirror"

    @property
    def part(self) -> Part:
        (part,) = self.index.parts.values()
        return part

    @property
    def archive(self) -> pathlib.Path:
        return self.directory / self.part.file

    @property
    def sha256(self) -> str:
        return hashlib.sha256((self.directory / "index.json").read_bytes()).hexdigest()

    def publish(self, content: bytes | None = None, **changes: t.Any) -> None:
        """Write other content or another index, with checksums that match."""
        if content is not None:
            self.archive.write_bytes(content)
            changes = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} | changes
        part = dataclasses.replace(self.part, **changes)
        self.index = Index({part.key: part})
        (self.directory / "index.json").write_bytes(self.index.content())

    def stage(self, base: str | None = None, **changes: t.Any) -> Stage:
        """The stage on a machine where nothing is built yet."""
        cache = self.home / "cache"
        cache.mkdir(exist_ok=True)
        return Stage(cache, spec(self.home, **changes), Mirror(Address(base or str(self.directory), self.sha256)))


@pytest.fixture
def published(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Published:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(_transfer, "PAUSE_SECONDS", 0.01)
    built = tmp_path / "built"
    built.mkdir()
    source = Stage(built, spec(tmp_path)).path
    source.mkdir()
    (source / "program").write_text("fetched\n")
    (source / "link").symlink_to("program")
    return Published(tmp_path, export(tmp_path / "mirror", [source], "1.0.0").index)


def says(stage: Stage) -> str:
    return (stage.path / "program").read_text().strip()


def is_clean(stage: Stage) -> bool:
    return sorted(path.name for path in stage.cache.iterdir() if path.is_dir()) == [stage.path.name]


def test_a_part_of_a_directory_is_fetched_and_not_built(
    published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = published.stage()
    ensure_all([stage])
    assert says(stage) == "fetched"
    assert (stage.path / "link").is_symlink()
    assert is_clean(stage)
    assert "try: fetching" in capsys.readouterr().out


def test_another_umask_of_the_clone_does_not_hide_the_part(published: Published, tmp_path: pathlib.Path) -> None:
    (tmp_path / "build.sh").chmod(0o755)
    open_to_all = published.stage().path
    (tmp_path / "build.sh").chmod(0o700)
    assert published.stage().path == open_to_all


@needs_root
def test_what_is_not_portable_is_built(published: Published) -> None:
    stage = published.stage(portable=False)
    ensure_all([stage])
    assert says(stage) == "compiled"


def other_inputs(published: Published) -> Stage:
    return published.stage(environment={"VERSION": "2"})


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def hostile() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:xz") as tar:
        tar.addfile(tarfile.TarInfo("../../escaped"))
    return target.getvalue()


DAMAGES: dict[str, tuple[t.Callable[[Published], Stage | None], str]] = {
    "one bit": (
        lambda p: p.archive.write_bytes(flipped(p.archive.read_bytes())) and None,
        "is damaged: its SHA-256 is",
    ),
    "truncated": (lambda p: p.archive.write_bytes(p.archive.read_bytes()[:-9]) and None, "it ends after"),
    "longer": (lambda p: p.archive.write_bytes(p.archive.read_bytes() + b"x") and None, "is longer than the"),
    "archive lost": (lambda p: p.archive.unlink(), "cannot be read: [Errno 2] No such file"),
    "index lost": (lambda p: (p.directory / "index.json").unlink(), "index.json cannot be read"),
    "pipe": (lambda p: p.archive.unlink() or os.mkfifo(p.archive), "it is not a regular file"),
    "older": (other_inputs, "only try-"),
    "foreign archive": (lambda p: p.publish(lzma.compress(b"something else" * 100)), "it cannot be unpacked"),
    "hostile archive": (lambda p: p.publish(hostile()), "'../../escaped', which is not a plain relative path"),
    "more than said": (lambda p: p.publish(unpacked=3), "more than the index says"),
    "other machine": (lambda p: p.publish(machine="s390x"), "was built for s390x, and this machine is"),
    "newer C library": (lambda p: p.publish(libc="99.1"), "was built with glibc 99.1, and this machine has"),
}


@needs_root
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_part_that_is_not_whole_is_refused_with_a_sentence_and_built(
    published: Published, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    spoil, sentence = DAMAGES[damage]
    mine = published.stage() if damage == "index lost" else None
    stage = spoil(published) or mine or published.stage()
    ensure_all([stage])
    said = capsys.readouterr().out
    assert (says(stage), is_clean(stage)) == ("compiled", True)
    assert sentence in said
    assert said.count("it is compiled instead") == 1
    assert not list(published.home.rglob("escaped"))


@needs_root
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"format": 1, "parts": []}', "index.json is not that of the address: its SHA-256 is"),
        (b"x" * (2 << 20), "index.json is longer than the 1048576 bytes"),
    ],
    ids=["exchanged", "endless"],
)
def test_an_index_that_is_not_that_of_the_address_is_refused(
    published: Published, capsys: pytest.CaptureFixture[str], content: bytes, sentence: str
) -> None:
    stage = published.stage()
    (published.directory / "index.json").write_bytes(content)
    ensure_all([stage])
    assert says(stage) == "compiled"
    assert sentence in capsys.readouterr().out


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the mirror; what ``faults`` says about an archive happens first, one after the other."""

    faults: t.ClassVar[list[str]] = []

    def log_message(self, *_arguments: t.Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        fault = self.faults.pop(0) if self.faults and self.path.endswith(".xz") else ""
        if fault.isdigit():
            self.send_error(int(fault))
        elif fault == "reset":
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            self.wfile.write(b"half")
        elif fault == "trickle":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"x")
                time.sleep(0.05)
        else:
            super().do_GET()


@pytest.fixture
def web(published: Published) -> t.Iterator[str]:
    class Here(Handler):
        def __init__(self, *arguments: t.Any) -> None:
            super().__init__(*arguments, directory=str(published.directory))

    Handler.faults.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Here) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("faults", [[], ["503"], ["reset", "500"]], ids=str)
def test_a_part_is_fetched_from_the_web_although_a_connection_breaks(
    published: Published, web: str, faults: list[str]
) -> None:
    Handler.faults.extend(faults)
    stage = published.stage(web)
    ensure_all([stage])
    assert (says(stage), is_clean(stage)) == ("fetched", True)


@needs_root
@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        (["404"], "cannot be read: HTTP status 404 "),
        (["503", "503", "503"], "cannot be read: HTTP status 503 "),
        (["reset", "reset", "reset"], "cannot be read: it ends after 4 of "),
    ],
    ids=str,
)
def test_what_the_web_does_not_give_is_built(
    published: Published, web: str, capsys: pytest.CaptureFixture[str], faults: list[str], sentence: str
) -> None:
    Handler.faults.extend(faults)
    stage = published.stage(web)
    ensure_all([stage])
    assert (says(stage), is_clean(stage)) == ("compiled", True)
    assert sentence in capsys.readouterr().out


@needs_root
def test_a_mirror_that_hardly_answers_is_given_no_longer_than_building_takes(
    published: Published, web: str, capsys: pytest.CaptureFixture[str]
) -> None:
    published.publish(size=1 << 30)
    Handler.faults.append("trickle")
    stage = published.stage(web, takes=1)
    ensure_all([stage])
    assert says(stage) == "compiled"
    assert "has not arrived after 1 s" in capsys.readouterr().out


@needs_root
def test_a_mirror_that_is_down_is_asked_once_for_all_stages(
    published: Published, web: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tries: list[str] = []
    really = _mirror.Transfer.copy_to

    def counted(transfer: _transfer.Transfer, stream: t.BinaryIO) -> None:
        tries.append(transfer.location)
        really(transfer, stream)

    monkeypatch.setattr(_mirror.Transfer, "copy_to", counted)
    down = Mirror(Address("http://127.0.0.1:1", published.sha256))
    cache = published.home / "cache"
    cache.mkdir()
    stages = [Stage(cache, spec(published.home, name=name), down) for name in ("one", "two")]
    ensure_all(stages)
    said = capsys.readouterr().out
    assert [says(stage) for stage in stages] == ["compiled", "compiled"]
    assert tries == ["http://127.0.0.1:1/index.json"]
    assert (
        said.count("http://127.0.0.1:1/index.json cannot be read: [Errno 111] Connection refused; it is compiled") == 2
    )


def test_a_failure_beside_it_ends_a_fetch(published: Published, web: str) -> None:
    published.publish(size=1 << 30)
    Handler.faults.append("trickle")
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()
    stage = published.stage(web, takes=600)
    stage.ensure(cancelled)
    assert not stage.path.exists()
    assert not list(stage.cache.glob("*.partial"))


def test_a_killed_fetch_leaves_nothing_that_counts_as_whole(published: Published, web: str) -> None:
    whole = published.index
    published.publish(size=1 << 30)
    Handler.faults.append("trickle")
    stage = published.stage(web)
    program = (
        "import pathlib, sys; from ansible_collections.kuber.lab.plugins.action.stages import Stage, ensure_all; "
        "from ansible_collections.kuber.lab.plugins.action.stages import mirror_of; "
        f"ensure_all([Stage(pathlib.Path({str(stage.cache)!r}), {spec(published.home)!r}, "
        f"mirror_of({f'{web}#sha256={published.sha256}'!r}))])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment) as run:
        deadline = time.monotonic() + 20
        # Both: the file is there before the server has been asked for it.
        while Handler.faults or not list(stage.cache.glob("*.partial/archive")):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
    assert list(stage.cache.glob("*.partial/archive"))
    assert not stage.is_built
    published.index = whole
    published.publish()
    again = published.stage(web)
    ensure_all([again])
    assert (says(again), is_clean(again)) == ("fetched", True)
