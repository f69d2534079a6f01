# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Validate values of variables against argument specifications.

Ansible's own validator decides, after a stricter check of the types: its conversions do not reach a role's templates.
"""

from __future__ import annotations

import difflib
import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import ArgumentValueError

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._types import TYPES

Spec = t.Mapping[str, t.Any]

# Longer values are cut in messages.
SHOWN = 80
# What a role can use. Ansible accepts more (a string as a list, a boolean as a string) and converts it, but only to
# validate it: the role's templates get the value as it was given.
USABLE: t.Mapping[str, tuple[type, ...]] = {
    "bool": (bool, str, int),
    "dict": (dict,),
    "float": (str, int, float),
    "int": (str, int),
    "list": (list,),
    "path": (str,),
    "raw": (object,),
    "str": (str, int, float),
}


def shown(value: object) -> str:
    """Return a value for an error message."""
    if value is None:
        return "nothing"
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def perhaps(word: object, known: t.Iterable[object], cutoff: float = 0.75) -> str | None:
    """Return the known word that a misspelt one resembles."""
    return next(iter(difflib.get_close_matches(str(word), [str(one) for one in known], n=1, cutoff=cutoff)), None)


def read(name: str, value: object, option: Spec) -> t.Any:
    """Return ``value`` converted for an option of an argument specification; raise if it is invalid."""
    kind = option.get("type", "str")
    if not _is_usable(kind, value):
        raise _wrong_type(name, value, kind)
    if isinstance(value, list) and kind == "list":
        element = {"type": option.get("elements", "raw"), "options": option.get("options")}
        return [read(f"Entry {number} of {name}", part, element) for number, part in enumerate(value, 1)]
    if isinstance(value, dict) and option.get("options"):
        return _fields(name, value, option["options"])
    result = ArgumentSpecValidator({name: dict(option)}).validate({name: value})
    for error in result.errors:
        if isinstance(error, ArgumentValueError):
            raise _not_a_choice(name, value, option)
        raise _wrong_type(name, value, kind)
    return result.validated_parameters[name]


def _is_usable(kind: str, value: object) -> bool:
    if isinstance(value, bool):
        return kind in ("bool", "raw")
    return isinstance(value, USABLE[kind])


def _wrong_type(name: str, value: object, kind: str) -> KuberError:
    remedy = None
    if kind == "str" and isinstance(value, bool):
        remedy = f'Quote it: "{json.dumps(value)}"'
    elif kind == "list" and isinstance(value, str):
        remedy = f"Put it in brackets: [{value}]"
    return KuberError(f"{name} has the wrong type", wanted=TYPES[kind], found=shown(value), remedy=remedy)


def _not_a_choice(name: str, value: object, option: Spec) -> KuberError:
    choices = [str(choice) for choice in option["choices"]]
    return KuberError(
        f"Invalid value of {name}", wanted=" or ".join(choices), found=shown(value), remedy=_question(value, choices)
    )


def _fields(name: str, value: t.Mapping[str, t.Any], options: Spec) -> dict[str, t.Any]:
    unknown = [field for field in value if field not in options]
    if unknown:
        remedy = _question(unknown[0], options)
        raise KuberError(f"Unknown field in {name}", wanted=", ".join(options), found=", ".join(unknown), remedy=remedy)
    for field, option in options.items():
        if option.get("required") and field not in value:
            found = ", ".join(value) or "no fields"
            raise KuberError(f"Missing field in {name}", wanted=field, found=found)
    return {field: read(f"{field} in {name}", part, options[field]) for field, part in value.items()}


def _question(word: object, known: t.Iterable[object]) -> str | None:
    meant = perhaps(word, known)
    return f"Perhaps {meant} is meant" if meant else None
