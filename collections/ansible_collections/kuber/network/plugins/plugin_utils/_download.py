# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Download manifests once, and check their SHA-256 at each use."""

from __future__ import annotations

import hashlib
import os
import pathlib
import re
import typing as t
import urllib.error
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import files
from ansible_collections.kuber.network.plugins.module_utils._timing import Backoff, retry

TRIES = 3
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 30
_SHA256 = re.compile(r"[0-9a-f]{64}")


def cache_directory() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return pathlib.Path(base).expanduser() / "kuber.network"


def fetch(url: str, sha256: str) -> pathlib.Path:
    """Return a file with the content of ``url``, verified by ``sha256``."""
    _refuse_nonsense(url, sha256)
    kept = cache_directory() / f"{sha256}.yaml"
    if kept.is_file() and _digest(kept.read_bytes()) == sha256:
        return kept
    content = _download(url)
    found = _digest(content)
    if found != sha256:
        raise KuberError(
            f"The content of {url} has another checksum",
            wanted=f"SHA-256 {sha256}",
            found=f"SHA-256 {found}, {len(content)} bytes",
            remedy="Check that URL and version match; accept new content only after reviewing it",
        )
    _keep(kept, content)
    return kept


def _refuse_nonsense(url: str, sha256: str) -> None:
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise KuberError(f"Cannot download {url}", wanted="a URL with https:// or http://")
    if not _SHA256.fullmatch(sha256):
        raise KuberError(f"Invalid checksum for {url}", wanted="a SHA-256, 64 hexadecimal digits", found=sha256 or "''")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _download(url: str) -> bytes:
    # Slow to import, and not needed for downloads that are cached.
    from ansible.module_utils.urls import open_url

    def read() -> bytes:
        with open_url(url, timeout=TIMEOUT_SECONDS, http_agent="kuber.network") as answer:
            return t.cast("bytes", answer.read())

    def passes(error: Exception) -> bool:
        return not (isinstance(error, urllib.error.HTTPError) and error.code < 500)

    try:
        return retry(read, (OSError, ValueError), passes=passes, tries=TRIES, backoff=Backoff(PAUSE_SECONDS))
    except (OSError, ValueError) as exc:
        raise KuberError(
            f"Cannot download {url}",
            found=str(exc),
            remedy="If this machine cannot reach it, use the path of a local copy instead",
        ) from exc


def _keep(path: pathlib.Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    files.replace(path, content, 0o600)
