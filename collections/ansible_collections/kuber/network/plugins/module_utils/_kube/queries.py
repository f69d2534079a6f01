# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""JMESPath expressions of users: refused when they are none or wait for nothing, explained when they are not met."""

from __future__ import annotations

import json
import typing as t

import jmespath
import jmespath.exceptions
import jmespath.lexer

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, kind_key

Node = t.Mapping[str, t.Any]

# Without a part of another type an expression has the same value for every object.
CONSTANT_TYPES = frozenset(
    {
        "and_expression",
        "comparator",
        "function_expression",
        "key_val_pair",
        "literal",
        "multi_select_dict",
        "multi_select_list",
        "not_expression",
        "or_expression",
        "pipe",
    }
)
ORDERS = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
COMPARATORS = {"eq": "==", "ne": "!=", **ORDERS}
CONJUNCTION = {"and": "&&"}
OPENING = frozenset({"filter", "lbrace", "lbracket", "lparen"})
CLOSING = frozenset({"rbrace", "rbracket", "rparen"})
# Of a value that is shown, what is more than this is left out.
SHOWN = 200


def check(query: str, name: str) -> None:
    """Refuse what is no JMESPath before anything is touched."""
    try:
        jmespath.compile(query)
    except jmespath.exceptions.JMESPathError as exc:
        raise KuberError(f"{name} is not a JMESPath expression", found=f"{query} ({first_line(exc)})") from exc


def check_condition(query: str, name: str) -> None:
    """Refuse what cannot be waited for: what never becomes true, or always is."""
    check(query, name)
    root = jmespath.compile(query).parsed
    nodes = list(_walk(root))
    for node in nodes:
        if node["type"] == "comparator" and node["value"] in ORDERS and any(map(_is_no_number, node["children"])):
            raise KuberError(
                f"{name} can never be true",
                found=f"{query}, where {ORDERS[node['value']]} compares with what is not a number",
                remedy="JMESPath knows the order of numbers only, which are written between backticks: count > `3`",
            )
    if all(node["type"] in CONSTANT_TYPES for node in nodes):
        holds = is_met(_search(query, {}))
        raise KuberError(
            f"{name} {'is always' if holds else 'can never be'} true",
            found=f"{query}, which is the same for every object",
            remedy="Name a field of the object, such as status.phase=='Bound'",
        )


def is_met(value: t.Any) -> bool:
    """What JMESPath itself takes for true, numbers included."""
    return value is not None and value is not False and value not in ("", [], {})


def judge(query: str, live: Body) -> str | None:
    """``None`` when the object is as the query wants it, otherwise what of it is not, with the values found."""
    try:
        found = jmespath.search(query, live)
    except jmespath.exceptions.JMESPathError as exc:
        # Such as length(status.addresses) while there is no status.
        return f"`{query}` has no value: {first_line(exc)}"
    if is_met(found):
        return None
    hidden = kind_key(live["apiVersion"], live["kind"]) == "Secret"
    unmet = [part for part in _parts(query) if not is_met(_search(part, live))]
    return ", ".join(text for part in unmet or [query] for text in _shortfall(part, live, hidden=hidden))


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _shortfall(part: str, live: Body, *, hidden: bool) -> t.Iterator[str]:
    """What the sides of a comparison are, or what else it is."""
    for side in _split(part, COMPARATORS) or [part]:
        text = side.strip()
        if jmespath.compile(text).parsed["type"] == "literal":
            continue
        value = _search(text, live)
        if value in ([], None) and (unfiltered := _unfiltered(text)):
            text, value = unfiltered, _search(unfiltered, live)
        shown = json.dumps(value)
        yield f"`{text}` is {'***' if hidden else shown[:SHOWN] + '...' * (len(shown) > SHOWN)}"


def _unfiltered(query: str) -> str:
    """What the first filter of a query chooses from, nothing when there is no filter outside all brackets."""
    depth = 0
    for token in jmespath.lexer.Lexer().tokenize(query):
        if depth == 0 and token["type"] == "filter":
            return query[: token["start"]]
        depth += (token["type"] in OPENING) - (token["type"] in CLOSING)
    return ""


def _parts(query: str) -> list[str]:
    """What is joined by &&."""
    return _split(query, CONJUNCTION, whole=frozenset({"or", "pipe"})) or [query]


def _split(
    query: str, signs: t.Mapping[str, str], *, whole: frozenset[str] = frozenset({"and", "or", "pipe"})
) -> list[str]:
    """The expressions between signs that stand outside all brackets; none when there are none, or are others."""
    depth, begin = 0, 0
    parts = []
    for token in jmespath.lexer.Lexer().tokenize(query):
        depth += (token["type"] in OPENING) - (token["type"] in CLOSING)
        if depth == 0 and token["type"] in whole:
            return []
        if depth == 0 and token["type"] in signs:
            parts.append(query[begin : token["start"]])
            begin = token["start"] + len(signs[token["type"]])
    return [*parts, query[begin:]] if parts else []


def _search(query: str, value: t.Any) -> t.Any:
    try:
        return jmespath.search(query, value)
    except jmespath.exceptions.JMESPathError:
        return None


def _walk(node: t.Any) -> t.Iterator[Node]:
    yield node
    for child in node.get("children") or []:
        if isinstance(child, dict):
            yield from _walk(child)


def _is_no_number(node: Node) -> bool:
    return node["type"] == "literal" and (isinstance(node["value"], bool) or not isinstance(node["value"], int | float))
