# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Validate values of variables against argument specifications."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._types import TYPES

Spec = t.Mapping[str, t.Any]

# What Ansible accepts as a boolean.
TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})
FALSE = frozenset({"false", "no", "off", "0", "n", "f"})
# Longer values are cut in messages.
SHOWN = 80


def shown(value: object) -> str:
    """Return a value for an error message."""
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def read(name: str, value: object, option: Spec) -> t.Any:
    """Return ``value`` converted for an option of an argument specification; raise if it is invalid."""
    kind = option.get("type", "str")
    result: t.Any = value if kind == "raw" else _READERS.get(kind, _text)(value)
    if result is None:
        remedy = _remedy(kind, value)
        raise KuberError(f"{name} has the wrong type", wanted=TYPES[kind], found=shown(value), remedy=remedy)
    choices = option.get("choices")
    if choices and result not in choices:
        words = " or ".join(str(choice) for choice in choices)
        raise KuberError(f"Invalid value of {name}", wanted=words, found=shown(value))
    if kind == "list":
        element = {"type": option.get("elements", "raw"), "options": option.get("options")}
        return [read(f"Entry {number} of {name}", part, element) for number, part in enumerate(result, 1)]
    if kind == "dict" and option.get("options"):
        return _fields(name, result, option["options"])
    return result


def _remedy(kind: str, value: object) -> str | None:
    if kind == "str" and isinstance(value, bool):
        return f'Quote it: "{json.dumps(value)}"'
    if kind == "list" and isinstance(value, str):
        return f"Put it in brackets: [{value}]"
    return None


def _fields(name: str, value: t.Mapping[str, t.Any], options: Spec) -> dict[str, t.Any]:
    unknown = [field for field in value if field not in options]
    if unknown:
        raise KuberError(f"Unknown field in {name}", wanted=", ".join(options), found=", ".join(unknown))
    for field, option in options.items():
        if option.get("required") and field not in value:
            found = ", ".join(value) or "no fields"
            raise KuberError(f"Missing field in {name}", wanted=field, found=found)
    return {field: read(f"{field} in {name}", part, options[field]) for field, part in value.items()}


def _text(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    try:
        return int(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _truth(value: object) -> bool | None:
    word = str(value).lower()
    if not isinstance(value, bool | str | int) or word not in TRUE | FALSE:
        return None
    return word in TRUE


def _list(value: object) -> list[t.Any] | None:
    return value if isinstance(value, list) else None


def _mapping(value: object) -> dict[str, t.Any] | None:
    return value if isinstance(value, dict) else None


_READERS: dict[str, t.Callable[[object], t.Any]] = {
    "bool": _truth,
    "dict": _mapping,
    "float": _number,
    "int": _whole,
    "list": _list,
}
