# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The short way from YAML's nodes to values, for what manifests are made of."""

from __future__ import annotations

import typing as t

import yaml

_TEXT = yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG
_LIST = yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG
_MAPPING = yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG

_Nodes = t.Any


class ShortWay:
    """Goes before a loader of PyYAML and takes half its time for the same values.

    Mappings with plain texts as keys, lists and texts, which is nearly all there is, are made here. Everything else,
    such as numbers, merge keys, explicit tags and errors, is left to the loader.
    """

    # Those of a loader.
    yaml_implicit_resolvers: t.ClassVar[dict[t.Any, t.Any]]
    construct_object: t.Callable[..., t.Any]
    constructed_objects: dict[t.Any, t.Any]
    recursive_objects: dict[t.Any, t.Any]

    def __init__(self, stream: t.Any) -> None:
        super().__init__(stream)  # type: ignore[call-arg]
        self._made: dict[int, t.Any] = {}

    def descend_resolver(self, *_: object) -> None:
        """Nothing depends on where in a document a node stands."""

    def ascend_resolver(self) -> None:
        """See ``descend_resolver``."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: tuple[bool, bool]) -> str:
        if kind is not yaml.ScalarNode:
            return _MAPPING if kind is yaml.MappingNode else _LIST
        # The first of the two says that the text is not quoted.
        if implicit[0]:
            for tag, pattern in self.yaml_implicit_resolvers.get(value[:1], ()):
                if pattern.match(value):
                    return t.cast("str", tag)
        return _TEXT

    def construct_document(self, node: _Nodes) -> t.Any:
        try:
            return self._value(node)
        except RecursionError:
            raise yaml.constructor.ConstructorError(None, None, "nests too deeply", node.start_mark) from None
        finally:
            self._made = {}
            self.constructed_objects = {}
            self.recursive_objects = {}

    def _value(self, node: _Nodes) -> t.Any:
        if isinstance(node, yaml.ScalarNode) and node.tag == _TEXT:
            return node.value
        # An alias is the same node once more.
        known = id(node)
        if known not in self._made:
            self._made[known] = self._new_value(node)
        return self._made[known]

    def _new_value(self, node: _Nodes) -> t.Any:
        if isinstance(node, yaml.SequenceNode) and node.tag == _LIST:
            # Known before its parts are: one of them may be an alias of the whole.
            found = self._made[id(node)] = []
            found += [self._value(part) for part in node.value]
            return found
        if isinstance(node, yaml.MappingNode) and node.tag == _MAPPING:
            made = self._made[id(node)] = {}
            for key, part in node.value:
                if not isinstance(key, yaml.ScalarNode) or key.tag != _TEXT or key.value in made:
                    break
                made[key.value] = self._value(part)
            else:
                return made
        return self.construct_object(node, deep=True)
