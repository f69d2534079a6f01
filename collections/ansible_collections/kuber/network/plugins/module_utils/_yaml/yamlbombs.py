# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Texts that are small and become large, or deep, when they are read: refused before they do."""

from __future__ import annotations

import re
import typing as t

import yaml

# Schemas of CustomResourceDefinitions, the deepest things in practice, have 40 levels. libyaml descends once for each:
# some ten thousands, which "[[[[..." has in as many bytes, end the process.
DEEPEST = 100
# What aliases may add to what is written, in bytes, with so many for a value that has none of its own.
MOST_REPEATED = 16 * 1024 * 1024
VALUE_BYTES = 32

_BRACKET = re.compile(rb"[\[{]|[\]}]")
_DEEP_LINE = re.compile(rb"^[ ?:-]{%d}" % DEEPEST, re.MULTILINE)
_ANCHOR = re.compile(rb"&[0-9A-Za-z_-]")
_STARTS = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
_ENDS = (yaml.SequenceEndEvent, yaml.MappingEndEvent)


def refuse_depth(text: bytes, loader: t.Any) -> None:
    """Refuse a text that nests too deeply. A look at its brackets and indents clears nearly every text."""
    if not may_be_deep(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, _STARTS) - isinstance(event, _ENDS)
        if depth > DEEPEST:
            raise _refusal(f"more than {DEEPEST} levels", event)


def has_anchors(text: bytes) -> bool:
    return bool(_ANCHOR.search(text))


def refuse_repetition(root: yaml.Node) -> None:
    """Refuse a document that aliases make much larger than it is written, or endless."""
    whole: dict[int, int] = {}
    if _size(root, whole) - _size_without_aliases(root) > MOST_REPEATED:
        raise _refusal(f"aliases that stand for more than {MOST_REPEATED >> 20} MiB in the document", root)


def _refusal(problem: str, place: yaml.Node | yaml.Event) -> yaml.YAMLError:
    return yaml.composer.ComposerError(None, None, problem, t.cast("yaml.error.Mark", place.start_mark))


def may_be_deep(text: bytes) -> bool:
    """Whether it is worth a closer look how deeply a text nests."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth = depth + 1 if bracket[0] in b"[{" else max(0, depth - 1)
        if depth > DEEPEST:
            return True
    return bool(_DEEP_LINE.search(text))


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """The bytes of a node with all aliases written out, each node looked at once."""
    size = known.get(id(node))
    if size is None:
        known[id(node)] = -1
        size = known[id(node)] = _own_size(node) + sum(_size(part, known) for part in _parts(node))
    elif size < 0:
        raise _refusal("an alias of something that it is a part of", node)
    return size


def _size_without_aliases(root: yaml.Node) -> int:
    seen: dict[int, yaml.Node] = {}
    left = [root]
    while left:
        node = left.pop()
        if id(node) not in seen:
            seen[id(node)] = node
            left += _parts(node)
    return sum(_own_size(node) for node in seen.values())


def _own_size(node: yaml.Node) -> int:
    return VALUE_BYTES + (len(node.value) if isinstance(node, yaml.ScalarNode) else 0)


def _parts(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return t.cast("list[yaml.Node]", node.value)
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return []
