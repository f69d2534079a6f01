# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import pathlib
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils import _download as download
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving, url_of

CONTENT = b"apiVersion: v1\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Files(Handler, http.server.SimpleHTTPRequestHandler):
    """Answers with what is in a directory."""


@contextlib.contextmanager
def files_of(directory: pathlib.Path) -> t.Iterator[str]:
    with serving(http_server(functools.partial(Files, directory=str(directory)))) as server:
        yield url_of(server)


@pytest.fixture(autouse=True)
def cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kuber.network"


def test_second_use_needs_no_server(tmp_path: pathlib.Path, cache: pathlib.Path) -> None:
    (tmp_path / "set.yaml").write_bytes(CONTENT)
    with files_of(tmp_path) as url:
        address = f"{url}/set.yaml"
        first = download.fetch(address, SHA256)
    assert download.fetch(address, SHA256) == first == cache / f"{SHA256}.yaml"
    assert first.read_bytes() == CONTENT
    assert list(cache.iterdir()) == [first]


def test_damaged_copy_is_downloaded_again(tmp_path: pathlib.Path, cache: pathlib.Path) -> None:
    (tmp_path / "set.yaml").write_bytes(CONTENT)
    cache.mkdir(parents=True)
    (cache / f"{SHA256}.yaml").write_bytes(CONTENT[:-3])
    with files_of(tmp_path) as url:
        assert download.fetch(f"{url}/set.yaml", SHA256).read_bytes() == CONTENT


def test_other_content_is_refused_and_not_kept(tmp_path: pathlib.Path, cache: pathlib.Path) -> None:
    (tmp_path / "set.yaml").write_bytes(b"something else")
    found = hashlib.sha256(b"something else").hexdigest()
    with (
        files_of(tmp_path) as url,
        pytest.raises(KuberError, match=f"wanted: SHA-256 {SHA256}; found: SHA-256 {found}"),
    ):
        download.fetch(f"{url}/set.yaml", SHA256)
    assert not cache.exists()


def test_missing_file_is_said_at_once(tmp_path: pathlib.Path) -> None:
    with files_of(tmp_path) as url, pytest.raises(KuberError, match=r"Cannot download .*set.yaml; found: .*404"):
        download.fetch(f"{url}/set.yaml", SHA256)


@pytest.mark.parametrize(
    ("url", "sha256", "message"),
    [
        ("file:///etc/passwd", SHA256, "URL with https"),
        ("set.yaml", SHA256, "URL with https"),
        ("https://127.0.0.1/x", "", "found: ''"),
        ("https://127.0.0.1/x", SHA256.upper(), "64 hexadecimal digits"),
        ("https://127.0.0.1/x", "../../etc/passwd", "64 hexadecimal digits"),
    ],
)
def test_nonsense_is_refused_before_anything_is_downloaded(url: str, sha256: str, message: str) -> None:
    with pytest.raises(KuberError, match=message):
        download.fetch(url, sha256)


def test_server_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0)
    with pytest.raises(KuberError, match=r"Connection refused.*local copy"):
        download.fetch("http://127.0.0.1:1/set.yaml", SHA256)
