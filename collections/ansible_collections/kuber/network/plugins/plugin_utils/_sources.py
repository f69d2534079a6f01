# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Where the objects of a task come from: its files, templates and definitions."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import typing as t

from ansible.errors import AnsibleError
from ansible.template import trust_as_template

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import documents
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import Document
from ansible_collections.kuber.network.plugins.plugin_utils import _download, _rendered
from ansible_collections.kuber.network.plugins.plugin_utils._action import KuberAction
from ansible_collections.kuber.network.plugins.plugin_utils._rendered import Cluster

# As ansible.builtin.template has it by default.
JINJA = {"trim_blocks": True, "lstrip_blocks": False}

# How Ansible begins what it has encrypted.
VAULT = "$ANSIBLE_VAULT;"


class Sources:
    """Reads what a task names, searched for where Ansible searches."""

    def __init__(
        self, action: KuberAction, task_vars: dict[str, t.Any], cluster: t.Callable[[], Cluster] | None = None
    ) -> None:
        """Charts are rendered for the ``cluster``, which nothing else is asked about."""
        self._action = action
        self._task_vars = task_vars
        self._cluster = cluster
        self.remarks: list[str] = []
        """What users should know of the objects that were not taken."""

    def documents(self, params: t.Mapping[str, t.Any]) -> list[Document]:
        """All objects; what holds none, such as a file with comments only, is left out if there are others."""
        found: list[Document] = []
        empty: list[str] = []
        for origin, part in self._parts(params):
            found += part
            empty += [] if part else [origin]
            documents.refuse_too_large(found)
        if not found and params.get("label_selectors") is None:
            raise KuberError(
                "There is no object in the set",
                wanted="an object in src, template, kustomize, charts or definition",
                found=f"nothing in {', '.join(empty)}" if empty else None,
            )
        return found

    def _parts(self, params: t.Mapping[str, t.Any]) -> t.Iterator[tuple[str, list[Document]]]:
        for entry in params["src"] or []:
            path = self._source(entry)
            yield path, documents.from_path(path, self._read)
        for name in params["template"] or []:
            rendered, path = self._rendered(name)
            yield f"{path} as rendered", documents.from_definition(rendered, path)
        for directory in params.get("kustomize") or []:
            path = self._source(directory)
            yield f"kustomization {path}", _rendered.kustomization(path, self._action.environment)
        for spec in params.get("charts") or []:
            if self._cluster is None:
                raise KuberError(f"Chart {spec['chart_ref']} cannot be rendered without a cluster")
            cluster = self._cluster()
            namespace = spec["release_namespace"] or params["namespace"] or cluster.namespace
            place = dataclasses.replace(cluster, namespace=namespace)
            rendered_chart = _rendered.chart(self._located(spec), place, self._action.environment)
            self.remarks += rendered_chart.remarks
            yield f"chart {spec['chart_ref']}", rendered_chart.documents
        if params["definition"]:
            yield "definition", documents.from_definition(params["definition"])

    def _read(self, path: pathlib.Path) -> str:
        """The text of a file, decrypted if it is in a vault."""
        text = documents.read_text(path)
        if not text.startswith(VAULT):
            return text
        # pylint: disable=protected-access
        try:
            return str(self._action._loader.get_text_file_contents(str(path)))
        except AnsibleError as exc:
            raise KuberError(f"{path} cannot be decrypted", found=exc.message) from exc

    def _source(self, entry: object) -> str:
        if isinstance(entry, dict):
            if entry.keys() != {"url", "sha256"}:
                raise KuberError(
                    "Invalid entry in src", wanted="a path, or url and sha256", found=", ".join(sorted(entry))
                )
            return str(_download.fetch(str(entry["url"]), str(entry["sha256"])))
        if not isinstance(entry, str):
            raise KuberError("Invalid entry in src", wanted="a path, or url and sha256", found=str(entry))
        if "://" in entry:
            raise KuberError(
                f"Entry {entry} of src has no checksum",
                wanted="url and sha256",
                remedy="What is applied to a cluster must not depend on who answers: name the SHA-256 of the file",
            )
        return self._needle("files", entry)

    def _located(self, spec: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The chart with whole paths; what is not a directory here is for helm to find."""
        found = {**spec, "values_files": [self._needle("files", name) for name in spec["values_files"]]}
        with contextlib.suppress(KuberError):
            found["chart_ref"] = self._needle("files", spec["chart_ref"])
        return found

    def _rendered(self, name: str) -> tuple[t.Any, str]:
        # pylint: disable=protected-access
        path = self._needle("templates", name)
        text = trust_as_template(self._action._loader.get_text_file_contents(path))
        bases = [*self._task_vars.get("ansible_search_path", []), os.path.dirname(path)]
        templar = self._action._templar.copy_with_new_env(
            searchpath=[place for base in bases for place in (os.path.join(base, "templates"), base)],
            available_variables=self._task_vars,
        )
        return templar.template(text, escape_backslashes=False, overrides=JINJA), path

    def _needle(self, directory: str, name: str) -> str:
        # pylint: disable=protected-access
        try:
            return t.cast("str", self._action._find_needle(directory, os.path.expanduser(name)))
        except AnsibleError as exc:
            raise KuberError(
                f"Cannot find {name}",
                wanted=f"a whole path, or a file in {directory}/ of the role or beside the playbook",
            ) from exc
