# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Whether what users write has the form that every Kubernetes object has, and how to correct what has not."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, refuse_elsewhere
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext, yamlvalues

CORRECT = "Correct the document and run again; nothing has been touched"
WORDS = {
    str: "a string",
    list: "a list",
    dict: "a mapping",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "nothing",
}


@dataclasses.dataclass(frozen=True)
class Source:
    """The text that an object was read from, and where it stands there."""

    text: str
    number: int
    path: tuple[str | int, ...] = ()

    def below(self, *steps: str | int) -> Source:
        return Source(self.text, self.number, (*self.path, *steps))

    def written(self, *steps: str | int) -> str | None:
        """What is written there, if it is not in quotes."""
        return yamltext.written(self.text, self.number, (*self.path, *steps))


def kind_of(value: object) -> str:
    return WORDS.get(type(value), type(value).__name__)


def plain(value: object, origin: str) -> tuple[Body, int]:
    """``value`` in plain types of its own, with its size as JSON: nothing that is done to it is seen elsewhere."""
    if not isinstance(value, dict):
        raise KuberError(
            f"{origin} is not a Kubernetes object", wanted="a mapping", found=kind_of(value), remedy=CORRECT
        )
    try:
        text = json.dumps(value, allow_nan=False)
        body = json.loads(text, parse_float=_number)
        if "\\ud" in text:
            # What is left of surrogates when they have been put together.
            json.dumps(body, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as exc:
        found = next(_misfits(value, ()), None) or str(exc)
        raise KuberError(f"{origin} holds what JSON cannot", found=found, remedy=CORRECT) from exc
    return t.cast("Body", body), len(text)


def _number(text: str) -> float | int:
    return yamlvalues.whole(float(text))


def _misfits(value: object, path: tuple[str, ...]) -> t.Iterator[str]:
    """What has no place in JSON, and where it is. Strings are not shown: they may be secret."""
    where = ".".join(path)
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _misfits(part, (*path, str(name)))
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _misfits(part, (*path, str(number)))
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{value} in {where}"
    elif isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in json.loads(json.dumps(value))):
            yield f"half of a character (a lone surrogate) in {where}"
    elif not isinstance(value, int | float | None):
        yield f"{type(value).__name__} in {where}"


def checked_name(body: Body, origin: str, source: Source | None) -> str:
    """The name of an object; refuse metadata, names and namespaces of another form."""
    kind, metadata = body["kind"], body.get("metadata")
    if not isinstance(metadata, dict | None):
        raise KuberError(f"metadata of {kind} in {origin} is {kind_of(metadata)}", wanted="a mapping", remedy=CORRECT)
    name = (metadata or {}).get("name")
    if metadata is None or name in (None, ""):
        _refuse_nameless(kind, origin, metadata or {})
    if not isinstance(name, str):
        raise _not_a_string(f"metadata.name of {kind} in {origin}", name, ("metadata", "name"), source)
    namespace = t.cast("Body", metadata).get("namespace")
    subject = f"{kind} {name} ({origin})"
    if not isinstance(namespace, str | None):
        raise _not_a_string(f"metadata.namespace of {subject}", namespace, ("metadata", "namespace"), source)
    for field, value in (("name", name), ("namespace", namespace or "")):
        refuse_elsewhere(f"The {field} of {subject}", value, remedy=CORRECT)
    return name


def _refuse_nameless(kind: str, origin: str, metadata: Body) -> t.NoReturn:
    if metadata.get("generateName"):
        raise KuberError(
            f"{kind} in {origin} has metadata.generateName and no name",
            wanted="a string in metadata.name",
            remedy="Give it a name: an object with a new name in each run cannot be found again",
        )
    raise KuberError(f"{kind} in {origin} has no name", wanted="a string in metadata.name", remedy=CORRECT)


def check_strings(
    values: object, path: tuple[str, ...], subject: str, source: Source | None, *, secret: bool = False
) -> None:
    """Refuse what is not a mapping of strings."""
    place = f"{'.'.join(path)} of {subject}"
    if not isinstance(values, dict | None):
        raise KuberError(f"{place} is {kind_of(values)}", wanted="a mapping of strings", remedy=CORRECT)
    for key, value in (values or {}).items():
        if not isinstance(value, str):
            raise _not_a_string(f"{key} in {place}", value, (*path, key), source, secret=secret)


def _not_a_string(
    subject: str, value: object, path: tuple[str, ...], source: Source | None, *, secret: bool = False
) -> KuberError:
    """With the text that is written there, if that is known: 1.10 is no longer 1.10 once it has been a number."""
    written = source.written(*path) if source else None
    remedy = "Put it in quotes where it is written"
    if isinstance(value, list | dict):
        remedy = "Write it as a string, such as a block that begins with |"
    elif written is not None and not secret:
        remedy = f"Put it in quotes: {path[-1]}: {json.dumps(written, ensure_ascii=False)}"
    shown = written if written else json.dumps(value)
    return KuberError(
        f"{subject} is {kind_of(value)}", wanted="a string", found="***" if secret else shown, remedy=remedy
    )


def check_encoded(values: dict[str, str], subject: str) -> None:
    """Refuse what is not base64, without showing it."""
    for key, value in values.items():
        try:
            # Go skips the ends of lines.
            base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True)
        except ValueError as exc:
            raise KuberError(
                f"{key} in {subject} is not encoded",
                wanted="base64",
                found="***",
                remedy="Encode it; in a Secret a string may stand in stringData as it is",
            ) from exc
