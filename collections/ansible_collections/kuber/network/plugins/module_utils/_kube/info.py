# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Reading live objects."""

from __future__ import annotations

import dataclasses
import typing as t

import jmespath
import jmespath.exceptions

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import ApiError
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import queries
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import find_kind
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Resource


@dataclasses.dataclass(frozen=True)
class Question:
    """Which objects, and what of them."""

    kind: str
    api_version: str | None = None
    name: str | None = None
    namespace: str | None = None
    label_selector: str | None = None
    query: str | None = None


@dataclasses.dataclass(frozen=True)
class Answer:
    """The objects, and what the query makes of them."""

    objects: list[Body]
    result: t.Any


def ask(client: Client, question: Question) -> Answer:
    """The objects there are, none if there is none; an unknown kind is an error, for it is most often misspelt."""
    if question.query is not None:
        queries.check(question.query, "The option query")
    resource = find_kind(Kinds(client), question.kind, question.api_version)
    objects = [_without_records(body) for body in _read(client, resource, question)]
    return Answer(objects, None if question.query is None else _evaluate(question.query, objects))


def _read(client: Client, resource: Resource, question: Question) -> list[Body]:
    if question.name is None:
        path = resource.path(namespace=question.namespace)
        return client.list(path, labelSelector=question.label_selector)
    path = resource.path(namespace=question.namespace or client.namespace, name=question.name)
    try:
        return [client.get(path)]
    except ApiError as exc:
        if exc.status == 404:
            return []
        raise


def _without_records(body: Body) -> Body:
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    return body | {"metadata": metadata}


def _evaluate(query: str, objects: list[Body]) -> t.Any:
    try:
        return jmespath.search(query, objects)
    except jmespath.exceptions.JMESPathError as exc:
        raise KuberError("The query cannot be evaluated", found=f"{query} ({queries.first_line(exc)})") from exc
