# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Texts that are JSON, one value after another, as `kubectl get -o json` and jq write them."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._yaml import yamlbombs

_SPACE = re.compile(r"[ \t\r\n]*")


def values(text: str) -> list[t.Any] | None:
    """The values of a stream of objects; ``None`` of what is not one, for it may be YAML."""
    start = _SPACE.match(text, 0)
    if start is None or not text.startswith("{", start.end()) or yamlbombs.may_be_deep(text.encode(errors="replace")):
        return None
    decoder = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse)
    found, position = [], start.end()
    try:
        while position < len(text):
            value, position = decoder.raw_decode(text, position)
            found.append(value)
            position = t.cast("re.Match[str]", _SPACE.match(text, position)).end()
    except ValueError:
        # YAML has the better words for what is wrong.
        return None
    return found


def _object(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key twice")
    return made


def _refuse(name: str) -> t.NoReturn:
    raise ValueError(f"{name} is not a number in JSON")
