# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Edit the text of a YAML document; comments, order and notation of values are preserved."""

from __future__ import annotations

import functools
import io
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._libraries import install
from ansible_collections.kuber.network.plugins.module_utils._upgrade.draft import Edit, Operation
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Path
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

try:
    import ruamel.yaml
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.resolver import VersionedResolver
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString
except ImportError:  # pragma: no cover
    ruamel = None  # type: ignore[assignment]

# Keys to place after another key; all others come first, or second in items of a list.
_BEHIND = {"pathType": "path"}
_UNFOLDED = 1 << 20
_FIRST_BELOW = re.compile(r"^(?P<outer> *)(?:- +)?[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?P<inner> +)[^\s#-]", re.MULTILINE)
_FIRST_DASH = re.compile(r"^(?P<outer> *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?P<dash> *)-(?P<gap> +)", re.MULTILINE)


_RESOLVERS = {
    "": [("tag:yaml.org,2002:null", re.compile("$"))],
    "<": [("tag:yaml.org,2002:merge", re.compile("<<$"))],
}


class NotKeptError(Exception):
    """The library cannot edit this document."""


def require() -> None:
    if ruamel is None:
        raise KuberError(
            "The Python library ruamel.yaml is missing, which preserves the comments of changed documents",
            remedy=f"{install('ruamel.yaml')}, or omit the option dest",
        )


def edited(text: str, edits: t.Iterable[Edit]) -> str:
    """Apply edits to a document; removals of list items must come last, the last item first."""
    try:
        yaml = _yaml(text)
        root = yaml.load(text)
        left = [line for edit in edits for line in _replay(root, edit)]
        stream = io.StringIO()
        yaml.dump(root, stream)
    except (ruamel.yaml.error.YAMLError, ArithmeticError, AssertionError, AttributeError, LookupError) as exc:
        raise NotKeptError(str(exc)) from exc
    except (NotImplementedError, TypeError, ValueError) as exc:
        raise NotKeptError(str(exc)) from exc
    return stream.getvalue() + "".join(f"{line}\n" for line in left)


def comments(text: str) -> list[str]:
    """Return all comments of a document."""
    try:
        return _comments(_yaml(text).load(text))
    except (ruamel.yaml.error.YAMLError, AttributeError, LookupError, TypeError, ValueError):
        return []


def _yaml(text: str) -> t.Any:
    yaml = ruamel.yaml.YAML(typ="rt")
    yaml.Resolver = _resolver()
    yaml.preserve_quotes = True
    yaml.width = _UNFOLDED
    below, dash = _FIRST_BELOW.search(text), _FIRST_DASH.search(text)
    offset = len(dash["dash"]) - len(dash["outer"]) if dash else 0
    gap = len(dash["gap"]) if dash else 1
    step = len(below["inner"]) - len(below["outer"]) if below else 2
    yaml.indent(mapping=max(step, 2), sequence=max(offset, 0) + 1 + gap, offset=max(offset, 0))
    return yaml


@functools.cache
def _resolver() -> t.Any:
    """Read all plain values as strings, so that they are written as they were: 0o644, 1.10, yes, ~."""

    class Resolver(VersionedResolver):
        @property
        def versioned_resolver(self) -> t.Any:
            return _RESOLVERS

    return Resolver


def _replay(root: t.Any, edit: Edit) -> list[str]:
    """Apply one edit; return the comments that could not be placed."""
    parents = [root]
    for step in edit.path[:-1]:
        if parents[-1].__class__ is CommentedMap and not parents[-1].get(step):
            parents[-1][step] = CommentedMap()
        parents.append(parents[-1][step])
    parent, last = parents[-1], edit.path[-1]
    if edit.operation is Operation.RENAME:
        _rename(parent, last, edit.value)
        return []
    position = _position(parent, last)
    if edit.operation is Operation.REMOVE:
        lost = _token_texts(parent.ca.items.pop(last, None)) + _comments(parent[last])
        del parent[last]
        return _reattach(parents, edit.path, position, lost)
    if position is None:
        parent.insert(_place(parent, edit.path), last, _value(edit.value))
        return []
    lost = _comments(parent[last])
    parent[last] = _value(edit.value)
    return _reattach(parents, edit.path, position + 1, lost)


def _position(parent: t.Any, key: str | int) -> int | None:
    if isinstance(key, int):
        return key
    return list(parent).index(key) if key in parent else None


def _place(parent: t.Any, path: Path) -> int:
    behind = _position(parent, _BEHIND.get(str(path[-1]), ""))
    if behind is not None:
        return behind + 1
    return 1 if len(path) > 1 and isinstance(path[-2], int) else 0


def _rename(parent: t.Any, old: str | int, new: str) -> None:
    position = list(parent).index(old)
    value, tokens = parent[old], parent.ca.items.pop(old, None)
    del parent[old]
    parent.insert(position, new, value)
    if tokens is not None:
        parent.ca.items[new] = tokens


def _reattach(parents: list[t.Any], path: Path, position: int | None, lost: list[str]) -> list[str]:
    """Move comments to the next item, in the innermost parent that has one."""
    if not lost:
        return []
    places = [position or 0, *((_position(node, step) or 0) + 1 for node, step in _upward(parents, path))]
    for node, place in zip(reversed(parents), places, strict=True):
        if place < len(node):
            key = place if isinstance(node, CommentedSeq) else list(node)[place]
            text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lost)
            node.yaml_set_comment_before_after_key(key, before=text, indent=node.lc.col or 0)
            return []
    return lost


def _upward(parents: list[t.Any], path: Path) -> list[tuple[t.Any, str | int]]:
    return list(zip(reversed(parents[:-1]), reversed(path[:-1]), strict=True))


def _comments(node: t.Any) -> list[str]:
    """Return the comments in a mapping or list and everything below it."""
    if not isinstance(node, (CommentedMap, CommentedSeq)):
        return []
    found = _token_texts(node.ca.comment)
    keys = node if isinstance(node, CommentedMap) else range(len(node))
    for key in keys:
        found += _token_texts(node.ca.items.get(key)) + _comments(node[key])
    return found + _token_texts(node.ca.end)


def _token_texts(tokens: t.Any) -> list[str]:
    if tokens is None:
        return []
    if isinstance(tokens, (list, tuple)):
        return [line for token in tokens for line in _token_texts(token)]
    lines = [line.strip() for line in str(tokens.value).splitlines()]
    return [line for line in lines if line.startswith("#")]


def _value(value: t.Any) -> t.Any:
    """Convert a new value so that it is written unchanged."""
    if isinstance(value, dict):
        return CommentedMap((_value(key), _value(part)) for key, part in value.items())
    if isinstance(value, list):
        return CommentedSeq(_value(part) for part in value)
    if not isinstance(value, str):
        return json.dumps(value)
    if "\n" in value:
        return LiteralScalarString(value)
    return value if _is_plain(value) else DoubleQuotedScalarString(value)


def _is_plain(text: str) -> bool:
    try:
        return yamltext.load_all(text, "") == [text]
    except KuberError:
        return False
