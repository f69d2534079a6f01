# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The values of Secrets, kept out of all that is said about them.

What the API server and webhooks say when they refuse may quote what they were sent.
"""

from __future__ import annotations

import base64
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, kind_key

HIDDEN = "***"
# Shorter values stand in many a word by chance: they are only hidden where they stand alone.
SHORT = 4
# What is known to be open in a Secret. Annotations are not: tools keep copies of all that they have applied in them.
OPEN_FIELDS = frozenset({"apiVersion", "immutable", "kind", "metadata", "type"})
OPEN_METADATA = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


class Redactor:
    """Hides the values of Secrets in texts, however they are written there."""

    def __init__(self, bodies: t.Iterable[Body]) -> None:
        values = {form for body in bodies if is_secret(body) for value in _values(body) for form in _forms(value)}
        words = [
            re.escape(value) if len(value) >= SHORT else rf"(?<!\w){re.escape(value)}(?!\w)"
            for value in sorted(values, key=len, reverse=True)
            if value.strip()
        ]
        self._pattern = re.compile("|".join(words)) if words else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def is_secret(body: t.Mapping[str, t.Any]) -> bool:
    return bool(body) and kind_key(body["apiVersion"], body["kind"]) == "Secret"


def _values(body: Body) -> t.Iterator[str]:
    """All values, also those in fields that a Secret does not have: a misspelt name makes a value no less secret."""
    return _texts({field: value for field, value in body.items() if field not in OPEN_FIELDS})


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)


def _forms(value: str) -> t.Iterator[str]:
    """A value as it is, as it is in quotes, and line by line; what it encodes, and what encodes it."""
    try:
        decoded = base64.b64decode(value, validate=True).decode()
    except ValueError:
        decoded = ""
    for text in (value, decoded, base64.b64encode(value.encode()).decode()):
        yield text
        yield json.dumps(text)[1:-1]
        yield from text.splitlines()
