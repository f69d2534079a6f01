# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""JSON patches (RFC 6902) of an object of the set."""

from __future__ import annotations

import copy
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.pointers import Pointer

OPERATIONS = ("add", "remove", "replace", "move", "copy", "test")
_NUMBER = re.compile(r"0|[1-9][0-9]*")

Operation = t.Mapping[str, t.Any]


def patched(body: t.Any, operations: t.Iterable[Operation]) -> t.Any:
    """A copy of ``body`` after the operations, in their order; ``KuberError`` if one of them cannot be done."""
    result = copy.deepcopy(body)
    for operation in operations:
        _apply(result, operation)
    return result


def _apply(body: t.Any, operation: Operation) -> None:
    name, path = operation["op"], Pointer.parse(operation["path"])
    if name in ("move", "copy"):
        source = Pointer.parse(operation["from"])
        value = copy.deepcopy(_get(body, source))
        if name == "move":
            _remove(body, source)
        _add(body, path, value)
    elif name == "remove":
        _remove(body, path)
    elif name == "add":
        _add(body, path, copy.deepcopy(operation["value"]))
    else:
        found = _get(body, path)
        if name == "test" and (type(found), found) != (type(operation["value"]), operation["value"]):
            raise KuberError(f"The patch tests {path}", wanted=repr(operation["value"]), found=repr(found))
        if name == "replace":
            _remove(body, path)
            _add(body, path, copy.deepcopy(operation["value"]))


def _get(body: t.Any, path: Pointer) -> t.Any:
    parent, step = _parent(body, path)
    return parent[_existing(parent, step, path)]


def _remove(body: t.Any, path: Pointer) -> None:
    parent, step = _parent(body, path)
    del parent[_existing(parent, step, path)]


def _add(body: t.Any, path: Pointer, value: t.Any) -> None:
    parent, step = _parent(body, path)
    if isinstance(parent, dict):
        parent[step] = value
    elif step == "-":
        parent.append(value)
    elif _NUMBER.fullmatch(step) and int(step) <= len(parent):
        parent.insert(int(step), value)
    else:
        raise _no_such(path, parent)


def _parent(body: t.Any, path: Pointer) -> tuple[t.Any, str]:
    for step in path.steps[:-1]:
        body = body[_existing(body, step, path)]
    if not isinstance(body, (dict, list)):
        raise _no_such(path, body)
    return body, path.steps[-1]


def _existing(parent: t.Any, step: str, path: Pointer) -> t.Any:
    if isinstance(parent, dict) and step in parent:
        return step
    if isinstance(parent, list) and _NUMBER.fullmatch(step) and int(step) < len(parent):
        return int(step)
    raise _no_such(path, parent)


def _no_such(path: Pointer, parent: t.Any) -> KuberError:
    if isinstance(parent, dict):
        found = f"the fields {', '.join(parent) or '(none)'} where it ends"
    elif isinstance(parent, list):
        found = f"{len(parent)} entries where it ends"
    else:
        found = f"{parent!r} where it ends"
    return KuberError(f"The patch names {path}, which is not in the object", found=found)
