# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The entries of kubeconfig files, read as client-go reads them: what has another form is refused with its field."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import os
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._yaml import yamltext

# The fields that are read here, and what each must be.
FIELDS: t.Mapping[str, t.Mapping[str, type]] = {
    "context": {"cluster": str, "user": str, "namespace": str},
    "cluster": {
        "server": str,
        "certificate-authority": str,
        "certificate-authority-data": str,
        "insecure-skip-tls-verify": bool,
        "proxy-url": str,
        "tls-server-name": str,
    },
    "user": {
        "token": str,
        "tokenFile": str,
        "username": str,
        "password": str,
        "client-certificate": str,
        "client-certificate-data": str,
        "client-key": str,
        "client-key-data": str,
        "as": str,
        "as-uid": str,
        "as-groups": list,
        "as-user-extra": dict,
        "exec": dict,
        "auth-provider": dict,
    },
}
EXEC_FIELDS: t.Mapping[str, type] = {
    "apiVersion": str,
    "command": str,
    "args": list,
    "env": list,
    "installHint": str,
    "interactiveMode": str,
    "provideClusterInfo": bool,
}
WORDS = {str: "a string", bool: "true or false", list: "a list", dict: "a mapping", int: "a number", float: "a number"}


@dataclasses.dataclass(frozen=True)
class Entry:
    """A context, cluster or user, and the file that it stands in."""

    kind: str
    name: str
    body: dict[str, t.Any]
    file: pathlib.Path

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"

    def content(self, field: str) -> bytes | None:
        """What is embedded as ``field``-data or, without that, stands in the file that ``field`` names."""
        if data := self.body.get(f"{field}-data"):
            try:
                # Go skips the ends of lines.
                return base64.b64decode(data.replace("\r", "").replace("\n", ""), validate=True)
            except (binascii.Error, ValueError) as exc:
                raise ValueError(f"{field}-data of {self} is not base64") from exc
        path = self.path(field)
        return path.read_bytes() if path else None

    def path(self, field: str) -> pathlib.Path | None:
        """Paths start from the directory of the file that names them."""
        value = self.body.get(field)
        return self.beside(value) if value else None

    def beside(self, path: str) -> pathlib.Path:
        return self.file.absolute().parent / path


@dataclasses.dataclass(frozen=True)
class Config:
    """All files together; of two entries with one name the first counts, as for kubectl."""

    files: str
    current: str | None
    contexts: dict[str, Entry]
    clusters: dict[str, Entry]
    users: dict[str, Entry]


def read(files: str) -> Config:
    """The entries of the files of a list such as $KUBECONFIG has; those that are not there count as empty."""
    paths = [os.path.expanduser(path) for path in files.split(os.pathsep) if path]
    present = [pathlib.Path(path) for path in paths if os.path.exists(path)]
    if not present:
        raise KuberError(
            "There is no kubeconfig file",
            wanted=" or ".join(paths),
            remedy="Set the option kubeconfig, or start the cluster that should have written the file",
        )
    known: dict[str, dict[str, Entry]] = {kind: {} for kind in FIELDS}
    current = None
    for path in present:
        content = _mapping(path)
        current = current or content.get("current-context")
        for kind, entries in known.items():
            for entry in _entries(path, kind, content.get(f"{kind}s")):
                entries.setdefault(entry.name, entry)
    return Config(files, current, known["context"], known["cluster"], known["user"])


def _mapping(path: pathlib.Path) -> dict[str, t.Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as exc:
        raise KuberError(f"Kubeconfig {path} cannot be read", found=str(exc)) from exc
    # An empty file is an empty kubeconfig, and of several documents the first one counts.
    content = next(iter(yamltext.load_all(text, f"Kubeconfig {path}")), None)
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise KuberError(f"{path} is not a kubeconfig file", wanted="a mapping", found=_form(content))
    _check(path, "", content, {"current-context": str})
    return content


def _entries(path: pathlib.Path, kind: str, given: t.Any) -> t.Iterator[Entry]:
    _check(path, "", {f"{kind}s": given}, {f"{kind}s": list})
    for number, entry in enumerate(given or []):
        place = f"{kind}s[{number}]"
        _check(path, "", {place: entry}, {place: dict})
        _check(path, f"{place}.", entry or {}, {"name": str, kind: dict})
        body = (entry or {}).get(kind) or {}
        _check(path, f"{place}.{kind}.", body, FIELDS[kind])
        _check(path, f"{place}.{kind}.exec.", body.get("exec") or {}, EXEC_FIELDS)
        yield Entry(kind, (entry or {}).get("name") or "", body, path)


def _check(path: pathlib.Path, above: str, body: dict[str, t.Any], fields: t.Mapping[str, type]) -> None:
    """Refuse values of another form. They are not shown: they may be secret."""
    for field, wanted in fields.items():
        value = body.get(field)
        if value is not None and not isinstance(value, wanted):
            raise KuberError(
                f"Kubeconfig {path} cannot be used",
                wanted=f"{WORDS[wanted]} in {above}{field}",
                found=_form(value),
                remedy="Put the value in quotes" if wanted is str and not isinstance(value, list | dict) else None,
            )


def _form(value: object) -> str:
    return WORDS.get(type(value), type(value).__name__)
