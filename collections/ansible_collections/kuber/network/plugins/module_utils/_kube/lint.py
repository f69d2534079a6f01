# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What the API server accepts and users should know: probes that prove nothing, and rules that are replaced."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document, containers, is_aggregated
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, annotation, below, kind_key
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import (
    CLUSTER_ROLE,
    KEEP,
    PRUNE,
    RECONCILE,
    SKIP,
)

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
# The API server's defaults.
PERIOD_SECONDS, FAILURES = 10, 3
_SHELL = re.compile(r"(?:/\S*/)?(?:ba|da|a)?sh\s+-\w*c\s+")
# One command that cannot fail, or any that is followed by one.
_NOTHING = re.compile(r"(?:.*(?:;|\|\|)\s*)?(?:(?:/\S*/)?(?:true|echo|printf|sleep)(?:\s[^;|&]*)?|:|exit 0)\s*;?\s*")
_SEARCH = re.compile(r"\bps\b[^|]*\|\s*[ef]?grep\s+(?P<words>[^|;&]*)")
_EXCLUDES_ITSELF = re.compile(r"grep\s+(?:-\w*v\w*|--invert-match)\s+\S*grep")
# grep [h]ttpd does not find itself: its own command line holds the brackets.
_BRACKETS = re.compile(r"\[[^\]]+\]")


def warnings(documents: t.Sequence[Document]) -> list[str]:
    """What is to be said of these objects, which the API server takes as they are."""
    return [*_of_probes(documents), *_of_rules(documents), *_of_controls(documents)]


def _of_probes(documents: t.Sequence[Document]) -> list[str]:
    return [
        f"{document.ref}, container {container.get('name')}: {said}"
        for document in documents
        for container in containers(document.body)
        for said in _of_container(container)
    ]


def _of_controls(documents: t.Sequence[Document]) -> list[str]:
    return [
        f"{document} has the annotation {name}={value}, which means nothing; expected: {wanted}"
        for document in documents
        for name, wanted in ((RECONCILE, SKIP), (PRUNE, KEEP))
        if (value := annotation(document.body, name)) not in (None, wanted)
    ]


def _of_rules(documents: t.Sequence[Document]) -> list[str]:
    """What of a set is left to controllers although it has a value that means something."""
    return [
        f"{document} has rules beside aggregationRule: the control plane replaces them, so they are left to it"
        for document in documents
        if kind_key(document.ref.api_version, document.ref.kind) == CLUSTER_ROLE
        and is_aggregated(document.body)
        and document.body.get("rules")
    ]


def _of_container(container: Body) -> t.Iterator[str]:
    for name in PROBES:
        command = _command(container.get(name))
        if finds_itself(command):
            yield (
                f"the {name} `{command}` always succeeds, because grep finds its own command line among the processes. "
                "Probe what the container does (httpGet, tcpSocket), or use pgrep."
            )
        elif always_succeeds(command):
            yield (
                f"the {name} `{command}` always succeeds, whatever the container does. "
                "Probe what the container does (httpGet, tcpSocket), or leave the probe out."
            )
    sooner, later = _seconds(container.get("livenessProbe")), _seconds(container.get("readinessProbe"))
    if _asked(container.get("livenessProbe")) == _asked(container.get("readinessProbe")) and sooner < later:
        yield (
            f"the livenessProbe asks the same as the readinessProbe and gives up sooner (after {sooner} s, not "
            f"{later} s), so that a container that is only not ready is restarted. Let it give up later."
        )


def always_succeeds(command: str) -> bool:
    """Whether ``command`` ends well without having looked at anything."""
    return _NOTHING.fullmatch(_SHELL.sub("", command)) is not None


def _asked(probe: t.Any) -> Body:
    """What it asks, without when and how often."""
    return {how: probe[how] for how in HANDLERS if how in probe} if isinstance(probe, dict) else {}


def _seconds(probe: t.Any) -> int:
    """How long what it asks may fail; 0 without a probe, or with values that the API server will refuse."""
    if not isinstance(probe, dict):
        return 0
    period, times = probe.get("periodSeconds", PERIOD_SECONDS), probe.get("failureThreshold", FAILURES)
    return period * times if isinstance(period, int) and isinstance(times, int) else 0


def finds_itself(command: str) -> bool:
    """Whether ``command`` looks for a process in a list that the search itself is in."""
    search = _SEARCH.search(command)
    if search is None or _EXCLUDES_ITSELF.search(command):
        return False
    return not _BRACKETS.search(search["words"])


def _command(probe: t.Any) -> str:
    words = below(probe, "exec", "command")
    return " ".join(str(word) for word in words) if isinstance(words, list) else ""
