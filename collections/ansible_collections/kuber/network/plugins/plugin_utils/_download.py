# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Manifests from elsewhere: downloaded once, checked each time they are used."""

from __future__ import annotations

import hashlib
import os
import pathlib
import re
import tempfile
import time
import typing as t
import urllib.error
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

TRIES = 3
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 30
_SHA256 = re.compile(r"[0-9a-f]{64}")


def cache_directory() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(base).expanduser() / "kuber.network"


def fetch(url: str, sha256: str) -> pathlib.Path:
    """A file with the content of ``url``, which is what ``sha256`` says."""
    _refuse_nonsense(url, sha256)
    kept = cache_directory() / f"{sha256}.yaml"
    if kept.is_file() and _digest(kept.read_bytes()) == sha256:
        return kept
    content = _download(url)
    found = _digest(content)
    if found != sha256:
        raise KuberError(
            f"{url} is not what was expected",
            wanted=f"SHA-256 {sha256}",
            found=f"SHA-256 {found}, {len(content)} bytes",
            remedy="Check that address and version belong together; trust the new content only after looking at it",
        )
    _keep(kept, content)
    return kept


def _refuse_nonsense(url: str, sha256: str) -> None:
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise KuberError(f"{url} cannot be downloaded", wanted="an address that begins with https:// or http://")
    if not _SHA256.fullmatch(sha256):
        raise KuberError(f"The checksum of {url} is none", wanted="64 digits 0-9a-f of a SHA-256", found=sha256 or "''")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _download(url: str) -> bytes:
    # Takes a while to import, and what was downloaded once is kept.
    from ansible.module_utils.urls import open_url

    for left in reversed(range(TRIES)):
        try:
            with open_url(url, timeout=TIMEOUT_SECONDS, http_agent="kuber.network") as answer:
                return t.cast("bytes", answer.read())
        except (OSError, ValueError) as exc:
            final = isinstance(exc, urllib.error.HTTPError) and exc.code < 500
            if final or not left:
                raise KuberError(
                    f"{url} cannot be downloaded",
                    found=str(exc),
                    remedy="Name the path of a local copy instead when this machine has no way there",
                ) from exc
        time.sleep(PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _keep(path: pathlib.Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        stream.write(content)
    os.replace(stream.name, path)
