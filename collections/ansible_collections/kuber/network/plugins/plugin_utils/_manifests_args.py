# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From the options of a task to what the engine is asked to do."""

from __future__ import annotations

import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import PARALLEL
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import jsonpatch
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import Condition, DesiredSet, Selection
from ansible_collections.kuber.network.plugins.module_utils._kube.ignore import Rule
from ansible_collections.kuber.network.plugins.module_utils._kube.prune import Prune
from ansible_collections.kuber.network.plugins.module_utils._kube.selectors import Selector
from ansible_collections.kuber.network.plugins.module_utils._kube.transformers import Image, Patch, Target

# Each at a time is a connection and a thread; more are no faster with any API server we know of.
MOST_PARALLEL = 64

# As the API server has it (k8s.io/apimachinery, pkg/apis/meta/v1/validation).
LONGEST_MANAGER = 128
NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")

Spec = dict[str, t.Any]

CONNECTION: Spec = {"kubeconfig": {"type": "path"}, "context": {"type": "str"}}


def _list_of(options: Spec) -> Spec:
    return {"type": "list", "elements": "dict", "options": options, "default": []}


_VERSION: Spec = {"api_version": {"type": "str", "aliases": ["apiVersion"]}}
_SELECTORS: Spec = {"label_selectors": {"type": "list", "elements": "str"}}
_KIND: Spec = {"kind": {"type": "str", "required": True}} | _VERSION
_NAMED: Spec = _KIND | {"name": {"type": "str", "required": True}}
_TARGETED: Spec = _KIND | {"name": {"type": "str"}, "namespace": {"type": "str"}}
# A JSON patch (RFC 6902).
_OPERATIONS: Spec = {
    "type": "list",
    "elements": "dict",
    "options": {
        "op": {"type": "str", "required": True, "choices": list(jsonpatch.OPERATIONS)},
        "path": {"type": "str", "required": True},
        "from": {"type": "str"},
        "value": {"type": "raw"},
    },
    "required_if": [
        *(("op", name, ("value",)) for name in ("add", "replace", "test")),
        *(("op", name, ("from",)) for name in ("copy", "move")),
    ],
}

_CHART: Spec = {
    "chart_ref": {"type": "str", "required": True},
    "chart_repo_url": {"type": "str"},
    "chart_version": {"type": "str"},
    "release_name": {"type": "str", "required": True},
    "release_namespace": {"type": "str"},
    "release_values": {"type": "dict", "default": {}},
    "values_files": {"type": "list", "elements": "path", "default": []},
}

ARGUMENT_SPEC: Spec = CONNECTION | {
    "state": {"type": "str", "choices": ["present", "absent", "patched"], "default": "present"},
    "existing": {"type": "str", "choices": ["apply", "keep"], "default": "apply"},
    "src": {"type": "list", "elements": "raw"},
    "template": {"type": "list", "elements": "str"},
    "definition": {"type": "raw"},
    "kustomize": {"type": "list", "elements": "path"},
    "charts": {"type": "list", "elements": "dict", "options": _CHART},
    "kind": {"type": "str"},
    **_VERSION,
    **_SELECTORS,
    "namespace": {"type": "str"},
    "field_manager": {"type": "str", "default": Options.field_manager},
    "conflicts": {"type": "str", "choices": ["force", "fail"], "default": "force"},
    "predecessors": {"type": "list", "elements": "str", "default": []},
    "images": _list_of(
        {
            "name": {"type": "str", "required": True},
            "new_name": {"type": "str"},
            "new_tag": {"type": "str"},
            "digest": {"type": "str"},
        }
    ),
    "patches": _list_of(_TARGETED | _SELECTORS | {"merge": {"type": "dict"}, "json": _OPERATIONS})
    | {"mutually_exclusive": [("merge", "json")], "required_one_of": [("merge", "json"), ("name", "label_selectors")]},
    "exclude": _list_of(_NAMED),
    "ignore": _list_of(_TARGETED | {"pointers": {"type": "list", "elements": "str", "required": True}}),
    "recreate": _list_of(_TARGETED),
    "prune": {
        "type": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "namespace": {"type": "str"},
            "kind": {"type": "str", "choices": ["ConfigMap", "Secret"], "default": Prune.kind},
            "allow": {
                "type": "list",
                "elements": "str",
                "choices": ["CustomResourceDefinition", "Namespace", "PersistentVolumeClaim"],
                "default": [],
            },
        },
    },
    "parallel": {"type": "int", "default": PARALLEL},
    "append_hash": {"type": "bool", "default": False},
    "delete_options": {
        "type": "dict",
        "options": {
            "propagationPolicy": {"type": "str", "choices": ["Foreground", "Background", "Orphan"]},
            "gracePeriodSeconds": {"type": "int"},
        },
    },
    "return_live": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
    "wait_for": _list_of(
        _NAMED
        | {
            "namespace": {"type": "str"},
            "query": {"type": "str", "required": True},
        }
    ),
}
SPEC_RULES: Spec = {
    "required_one_of": [("src", "template", "definition", "kustomize", "charts", "label_selectors")],
    "required_together": [("kind", "label_selectors")],
    "required_by": {"api_version": ("kind",)},
}


def desired_set(params: t.Mapping[str, t.Any], documents: t.Iterable[Document], *, check: bool) -> DesiredSet:
    _refuse_unusable_names(params)
    if params["state"] == "patched" and params["prune"]:
        raise KuberError(
            "The option prune does not go with state=patched",
            remedy="Use state=present: the members of a set are created, too",
        )
    if params["label_selectors"] is not None and params["state"] != "absent":
        raise KuberError(
            "The option label_selectors is for state=absent only",
            remedy="To change objects of a set by their labels, use patches[].label_selectors",
        )
    # Plain types, not those that Ansible marks with where a value came from: libyaml takes no others.
    given = json.loads(json.dumps(params))
    return DesiredSet(
        documents=tuple(documents),
        present=given["state"] != "absent",
        namespace=given["namespace"],
        exclude=tuple(Target(one["kind"], one["name"], None, one["api_version"]) for one in given["exclude"]),
        patches=tuple(_patch(one) for one in given["patches"]),
        images=images(given["images"]),
        ignore=tuple(Rule.of(_target(one), one["pointers"]) for one in given["ignore"]),
        prune=_prune(given["prune"]),
        selection=_selection(given),
        options=_options(given, check=check),
        append_hash=given["append_hash"],
        return_live=given["return_live"],
        wait=given["wait"],
        wait_timeout=given["wait_timeout"],
        wait_for=tuple(
            Condition(one["kind"], one["name"], one["query"], one["namespace"], one["api_version"])
            for one in given["wait_for"]
        ),
    )


def _refuse_unusable_names(params: t.Mapping[str, t.Any]) -> None:
    """What the API server would only say of the first object, or of the last."""
    manager = params["field_manager"]
    if not manager or len(manager) > LONGEST_MANAGER or not manager.isprintable():
        wanted = f"1 to {LONGEST_MANAGER} printable characters"
        raise KuberError("Invalid name in the option field_manager", wanted=wanted, found=repr(manager))
    names = {"namespace": params["namespace"], "prune.namespace": (params["prune"] or {}).get("namespace")}
    for option, name in names.items():
        if name is not None and not NAMESPACE.fullmatch(name):
            wanted = "a name of lower-case letters, digits and hyphens"
            raise KuberError(f"Invalid namespace in the option {option}", wanted=wanted, found=repr(name))


def images(given: t.Iterable[t.Mapping[str, t.Any]]) -> tuple[Image, ...]:
    return tuple(Image(one["name"], one.get("new_name"), one.get("new_tag"), one.get("digest")) for one in given)


def _options(given: t.Mapping[str, t.Any], *, check: bool) -> Options:
    parallel = given["parallel"]
    if not 1 <= parallel <= MOST_PARALLEL:
        raise KuberError("The option parallel is out of range", wanted=f"1 to {MOST_PARALLEL}", found=str(parallel))
    if given["field_manager"] in given["predecessors"]:
        raise KuberError(
            f"The option predecessors names {given['field_manager']}, which is the field_manager of this task",
            remedy="Name those that have applied the objects before, such as kubectl",
        )
    return Options(
        field_manager=given["field_manager"],
        force=given["conflicts"] == "force",
        check=check,
        parallel=parallel,
        recreate=tuple(_target(one) for one in given["recreate"]),
        may_create=given["state"] != "patched",
        may_change=given["existing"] != "keep",
        predecessors=tuple(given["predecessors"]),
        delete_options={key: value for key, value in (given["delete_options"] or {}).items() if value is not None},
    )


def _prune(given: t.Mapping[str, t.Any] | None) -> Prune | None:
    if given is None:
        return None
    return Prune(given["name"], given["namespace"], given["kind"], frozenset(given["allow"]))


def _patch(given: t.Mapping[str, t.Any]) -> Patch:
    chosen = given["label_selectors"]
    selector = None if chosen is None else Selector.parse(chosen, "patches[].label_selectors")
    return Patch(_target(given), given["merge"], tuple(given["json"] or ()), selector)


def _selection(given: t.Mapping[str, t.Any]) -> Selection | None:
    if given["label_selectors"] is None:
        return None
    return Selection(given["kind"], Selector.parse(given["label_selectors"], "label_selectors"), given["api_version"])


def _target(given: t.Mapping[str, t.Any]) -> Target:
    return Target(given["kind"], given["name"], given["namespace"], given["api_version"])
