# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Probes that the API server accepts and that still prove nothing."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document
from ansible_collections.kuber.network.plugins.module_utils._kube.edits import containers
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import below

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_SEARCH = re.compile(r"\bps\b[^|]*\|\s*[ef]?grep\s+(?P<words>[^|;&]*)")
_EXCLUDES_ITSELF = re.compile(r"grep\s+(?:-\w*v\w*|--invert-match)\s+\S*grep")
# grep [h]ttpd does not find itself: its own command line holds the brackets.
_BRACKETS = re.compile(r"\[[^\]]+\]")


def warnings(documents: t.Iterable[Document]) -> list[str]:
    return [
        f"{document.ref}, container {container.get('name')}: the {name} `{command}` always succeeds, because grep "
        "finds its own command line among the processes. Probe what the container does (httpGet, tcpSocket), "
        "or use pgrep."
        for document in documents
        for container in containers(document.body)
        for name in PROBES
        if (command := _command(container.get(name))) and finds_itself(command)
    ]


def finds_itself(command: str) -> bool:
    """Whether ``command`` looks for a process in a list that the search itself is in."""
    search = _SEARCH.search(command)
    if search is None or _EXCLUDES_ITSELF.search(command):
        return False
    return not _BRACKETS.search(search["words"])


def _command(probe: t.Any) -> str:
    words = below(probe, "exec", "command")
    return " ".join(str(word) for word in words) if isinstance(words, list) else ""
