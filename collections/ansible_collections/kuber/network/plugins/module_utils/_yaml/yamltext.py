# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""YAML as Kubernetes reads it, which is not quite as Python does."""

from __future__ import annotations

import itertools
import json
import re
import typing as t

import yaml

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._yaml import jsonstream, yamlbombs, yamlvalues

# libyaml is a good ten times faster; not every build of PyYAML has it.
_BaseLoader: t.Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BaseDumper: t.Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# Read in 15 s with 450 MiB of memory; what is larger is a mistake, not a set of manifests.
LARGEST = 16 * 1024 * 1024

# A half of a character beyond U+FFFF, as JSON writes it. libyaml takes none.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class _Loader(_BaseLoader):  # type: ignore[misc]
    yaml_implicit_resolvers = yamlvalues.RESOLVERS


class _SlowLoader(yaml.SafeLoader):
    """Takes the halves of characters one by one; whoever reads the values puts them together."""

    yaml_implicit_resolvers = yamlvalues.RESOLVERS


class _Dumper(_BaseDumper):  # type: ignore[misc]
    yaml_implicit_resolvers = yamlvalues.RESOLVERS


class _GoDumper(yaml.SafeDumper):
    """Writes as the Go library does that kubectl, kubeadm and minikube use, so that what they wrote stays as it was."""

    yaml_implicit_resolvers = yamlvalues.RESOLVERS

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
    """The documents of ``text``, be it YAML or a stream of JSON, those that are empty left as ``None``."""
    # libyaml takes no subclass of str, which Ansible's own texts are.
    data = text.encode(errors="surrogatepass")
    if len(data) > LARGEST:
        raise KuberError(
            f"{origin} is too large",
            wanted=f"at most {LARGEST >> 20} MiB",
            found=f"{len(data) / (1 << 20):.1f} MiB",
            remedy="Split the set: apply it with several tasks, first what others depend on",
        )
    found = jsonstream.values(text)
    if found is not None:
        return found
    found = []
    try:
        found.extend(yamlvalues.document(node) for node in _nodes(data))
        if _SURROGATE.search(data):
            found = _joined(found)
    except (yaml.YAMLError, UnicodeError) as exc:
        raise KuberError(
            f"{origin}, document {len(found) + 1}, cannot be read as YAML",
            found=_one_line(exc),
            remedy="Correct it and run again; nothing has been touched",
        ) from exc
    return found


def written(text: str, number: int, path: t.Sequence[str | int]) -> str | None:
    """What stands at a path in a document of ``text``, as it is written there, if it stands there without quotes."""
    try:
        node: t.Any = next(itertools.islice(_nodes(text.encode(errors="surrogatepass")), number, None), None)
    except yaml.YAMLError:
        return None
    for step in path:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
    return node.value if isinstance(node, yaml.ScalarNode) and not node.style else None


def _nodes(data: bytes) -> t.Iterator[yaml.Node]:
    yamlbombs.refuse_depth(data, _BaseLoader)
    repeats = yamlbombs.has_anchors(data)
    loader = (_SlowLoader if _SURROGATE.search(data) else _Loader)(data)
    try:
        while loader.check_node():
            node = t.cast("yaml.Node", loader.get_node())
            if repeats:
                yamlbombs.refuse_repetition(node)
            yield node
    finally:
        loader.dispose()


def _joined(value: t.Any) -> t.Any:
    """With both halves of a character together."""
    return json.loads(json.dumps(value))


def dump(value: object) -> str:
    """``value`` as YAML in the order of its keys, one line for one thing, so that differences are small."""
    if not value:
        return ""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=10_000)


def dump_as_go(value: object) -> str:
    """``value`` as kubeadm writes it."""
    return yaml.dump(value, Dumper=_GoDumper, sort_keys=True, default_flow_style=False, width=10_000)


def _one_line(error: Exception) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return " ".join(str(error).split())
    words = [word for word in (error.context, error.problem) if word]
    return f"{' '.join(words)} in line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}"
