# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""YAML as Kubernetes reads it, which is not quite as Python does."""

from __future__ import annotations

import re
import typing as t

import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import yamlbombs
from ansible_collections.kuber.network.plugins.module_utils._kube.yamlnodes import ShortWay

# libyaml is a good ten times faster; not every build of PyYAML has it.
_BaseLoader: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: t.Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# Read in 15 s with 450 MiB of memory; what is larger is no set of manifests but a mistake.
LARGEST = 16 * 1024 * 1024

_MERGE = "tag:yaml.org,2002:merge"
_FLOAT = "tag:yaml.org,2002:float"
_INT = "tag:yaml.org,2002:int"
# Kubernetes knows neither dates nor numbers to base 60 ("80:8080"), and = is no value.
_UNKNOWN = frozenset({"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value", _FLOAT, _INT})
_NUMBERS = (
    (_INT, re.compile(r"^(?:[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$")),
    (_FLOAT, re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")),
)


def _resolvers() -> dict[t.Any, t.Any]:
    """By its first character: what an unquoted text may be other than a text."""
    table = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _UNKNOWN]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for first in "-+.0123456789":
        table[first] = [*table.get(first, []), *_NUMBERS]
    return table


class _Loader(ShortWay, _BaseLoader):  # type: ignore[misc]
    yaml_implicit_resolvers = _resolvers()

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[t.Any, t.Any]:
        _refuse_repetitions(node)
        return t.cast("dict[t.Any, t.Any]", super().construct_mapping(node, deep=deep))


class _Dumper(_BaseDumper):  # type: ignore[misc]
    yaml_implicit_resolvers = _resolvers()


class _GoDumper(yaml.SafeDumper):
    """Writes as the Go library does that kubectl, kubeadm and minikube use, so that what they wrote stays as it was."""

    yaml_implicit_resolvers = _resolvers()

    def choose_scalar_style(self) -> str:
        style = str(super().choose_scalar_style())
        return '"' if style == "'" else style


def _text(dumper: t.Any, text: str) -> yaml.ScalarNode:
    # A configuration file in a ConfigMap is to be compared line by line.
    style = "|" if "\n" in text else None
    return t.cast("yaml.ScalarNode", dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style))


for _dumper in (_Dumper, _GoDumper):
    _dumper.add_representer(str, _text)


def load_all(text: str, origin: str) -> list[t.Any]:
    """The documents of ``text``, those that are empty left as ``None``."""
    # libyaml takes no subclass of str, which Ansible's own texts are.
    data = text.encode()
    if len(data) > LARGEST:
        raise KuberError(
            f"{origin} is too large",
            wanted=f"at most {LARGEST >> 20} MiB",
            found=f"{len(data) / (1 << 20):.1f} MiB",
            remedy="Split the set: apply it with several tasks, first what others depend on",
        )
    found: list[t.Any] = []
    try:
        found.extend(_documents(data))
    except yaml.YAMLError as exc:
        raise KuberError(
            f"{origin}, document {len(found) + 1}, cannot be read as YAML",
            found=_one_line(exc),
            remedy="Mend it and run again; nothing has been touched",
        ) from exc
    return found


def _documents(data: bytes) -> t.Iterator[t.Any]:
    yamlbombs.refuse_depth(data, _BaseLoader)
    repeats = yamlbombs.has_anchors(data)
    loader = _Loader(data)
    try:
        while loader.check_node():
            node = loader.get_node()
            if repeats:
                yamlbombs.refuse_repetition(node)
            yield loader.construct_document(node)
    finally:
        loader.dispose()


def dump(value: object) -> str:
    """``value`` as YAML in the order of its keys, one line for one thing, so that differences are small."""
    if not value:
        return ""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=10_000)


def dump_as_go(value: object) -> str:
    """``value`` as kubeadm writes it."""
    return yaml.dump(value, Dumper=_GoDumper, sort_keys=True, default_flow_style=False, width=10_000)


def _refuse_repetitions(node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
            continue
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                "a mapping", node.start_mark, f"has the key {key.value} twice", key.start_mark
            )
        seen.add(key.value)


def _one_line(error: yaml.YAMLError) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    words = [word for word in (error.context, error.problem) if word]
    return f"{' '.join(words)} in line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
