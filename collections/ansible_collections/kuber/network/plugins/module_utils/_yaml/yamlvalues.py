# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From YAML's nodes to values as sigs.k8s.io/yaml reads them, which is how kubectl and the API server do.

It is YAML 1.1 with numbers by Go's rules, and what comes out is JSON: keys are strings, and a number that is whole is
an integer however it is written.
"""

from __future__ import annotations

import base64
import contextlib
import math
import re
import struct
import typing as t

import yaml

_STR = yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG
_LIST = yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG
_MAPPING = yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG
_BINARY = "tag:yaml.org,2002:binary"
_BOOL = "tag:yaml.org,2002:bool"
_FLOAT = "tag:yaml.org,2002:float"
_INT = "tag:yaml.org,2002:int"
_MERGE = "tag:yaml.org,2002:merge"
_NULL = "tag:yaml.org,2002:null"

TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
NULL = ("", "~", "null", "Null", "NULL")
_BOOLEANS = re.compile(f"^(?:{'|'.join(sorted(TRUE | FALSE))})$")
_NULLS = re.compile(f"^(?:{'|'.join(NULL)})$")
_INTEGERS = re.compile(
    r"^[-+]?(?:0[bB][01_]+|0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0|[1-9][0-9_]*)$",
)
# Neither dates nor numbers to base 60 ("80:8080") are anything but strings.
_FLOATS = re.compile(
    r"^(?:[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9_]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)

# What an unquoted text may be other than a string, by its first character.
RESOLVERS: dict[str, list[tuple[str, re.Pattern[str]]]] = {
    "": [(_NULL, _NULLS)],
    "~": [(_NULL, _NULLS)],
    "<": [(_MERGE, re.compile("^<<$"))],
    **{first: [(_BOOL, _BOOLEANS)] for first in "yYtTfFoO"},
    **{first: [(_BOOL, _BOOLEANS), (_NULL, _NULLS)] for first in "nN"},
    **{first: [(_INT, _INTEGERS), (_FLOAT, _FLOATS)] for first in "-+.0123456789"},
}

_SMALLEST, _LARGEST, _LARGEST_UNSIGNED = -(2**63), 2**63 - 1, 2**64 - 1
# From here on Go writes numbers with an exponent, and what reads them no longer takes them for integers.
_WHOLE_BELOW = 1e21


def document(node: yaml.Node) -> t.Any:
    """The value of a document."""
    return _Values().of(node)


def whole(number: float) -> float | int:
    """A number as it is in Go's JSON: without a decimal point where it needs none."""
    return int(number) if number.is_integer() and abs(number) < _WHOLE_BELOW else number


class _Values:
    """The values of the nodes of one document; an alias is the same node once more."""

    def __init__(self) -> None:
        self._made: dict[int, t.Any] = {}

    def of(self, node: yaml.Node) -> t.Any:
        if isinstance(node, yaml.ScalarNode):
            return node.value if node.tag == _STR else _scalar(node)
        known = id(node)
        if known not in self._made:
            self._made[known] = self._new(node)
        return self._made[known]

    def _new(self, node: yaml.Node) -> t.Any:
        if isinstance(node, yaml.SequenceNode) and node.tag == _LIST:
            return [self.of(part) for part in node.value]
        if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING:
            return self._mapping(node)
        raise _unknown(node)

    def _mapping(self, node: yaml.MappingNode) -> dict[str, t.Any]:
        made: dict[str, t.Any] = {}
        merged: list[yaml.Node] = []
        for key, part in node.value:
            if key.tag == _MERGE:
                merged.append(part)
                continue
            name = key.value if key.tag == _STR else _key(key, node)
            if name in made:
                here = "" if key.value == name else f" (here written {key.value})"
                raise _error(node, f"has the key {name} twice{here}", key)
            made[name] = self.of(part)
        for part in merged:
            made = self._merged(part) | made
        return made

    def _merged(self, node: yaml.Node) -> dict[str, t.Any]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, t.Any] = {}
        for part in parts:
            if not isinstance(part, yaml.MappingNode):
                raise _error(node, "merges what is not a mapping", part)
            found = self.of(part) | found
        return found


def _scalar(node: yaml.ScalarNode) -> t.Any:
    """What is not a plain string; an explicit tag must fit."""
    text = node.value
    if node.tag == _NULL:
        return None
    if node.tag == _BOOL and text in TRUE | FALSE:
        return text in TRUE
    if node.tag in (_INT, _FLOAT):
        return _number(text)
    if node.tag == _BINARY:
        with contextlib.suppress(ValueError):
            return base64.b64decode("".join(text.split()), validate=True).decode()
    # "<<" is a key, and a string anywhere else.
    if node.tag == _MERGE:
        return text
    raise _unknown(node)


def _number(text: str) -> t.Any:
    """The number that a text is for Go, or the text: what is too large for a float is not a number."""
    plain = text.replace("_", "")
    if _INTEGERS.match(plain):
        integer = _integer(plain)
        if _SMALLEST <= integer <= _LARGEST or (plain[0] not in "-+" and integer <= _LARGEST_UNSIGNED):
            return integer
    if not _FLOATS.match(plain):
        return text
    if plain.lower().lstrip("+-") in (".inf", ".nan"):
        return float(plain.replace(".", ""))
    number = float(plain)
    return text if math.isinf(number) else whole(number)


def _integer(plain: str) -> int:
    sign = -1 if plain[0] == "-" else 1
    digits = plain.lstrip("+-").lower()
    # A leading zero means base 8, in Go as in C.
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _key(node: yaml.Node, mapping: yaml.Node) -> str:
    value = _scalar(node) if isinstance(node, yaml.ScalarNode) else None
    if value is None:
        raise _error(mapping, "has a key that is not a string", node)
    if isinstance(value, bool):
        return "true" if value else "false"
    if node.tag == _FLOAT and not isinstance(value, str):
        return _short(float(value))
    return str(value)


def _short(number: float) -> str:
    """A key that is a float, as Go writes it: with as many digits as 32 bits need."""
    if not math.isfinite(number):
        return ".nan" if math.isnan(number) else f"{'-' if number < 0 else ''}.inf"
    exact = struct.pack("f", number)
    digits = next(count for count in range(20) if struct.pack("f", float(f"{number:.{count}e}")) == exact)
    text = f"{number:.{digits}e}"
    exponent = int(text.partition("e")[2])
    return text if not -4 <= exponent < 6 else f"{number:.{max(0, digits - exponent)}f}"


def _error(context: yaml.Node, problem: str, place: yaml.Node) -> yaml.YAMLError:
    word = "a list" if isinstance(context, yaml.SequenceNode) else "a mapping"
    return yaml.constructor.ConstructorError(word, context.start_mark, problem, place.start_mark)


def _unknown(node: yaml.Node) -> yaml.YAMLError:
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    return yaml.constructor.ConstructorError(
        None, None, f"a value to which the tag {tag} does not apply", node.start_mark
    )
