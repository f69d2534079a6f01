# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Write the upgraded folder with a record of its files, and overwrite nothing else."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, after_change
from ansible_collections.kuber.network.plugins.module_utils._net import files
from ansible_collections.kuber.network.plugins.module_utils._upgrade import folder, rewriting, roundtrip
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Finding

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._upgrade.folder import Folder
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.upgrade import Upgrade

RECORD = ".kuber-upgraded.json"
# kubectl applies the files of a folder in the order of their names.
NAMESPACES = "00-namespaces.yml"


@dataclasses.dataclass(frozen=True)
class Output:
    """Files by their names in the folder, and remarks about them."""

    files: Mapping[str, bytes]
    remarks: tuple[Finding, ...]


def render(source: Folder, upgrade: Upgrade) -> Output:
    if any(rewriting.is_changed(draft) for draft in upgrade.drafts):
        roundtrip.require()
    files: dict[str, bytes] = {}
    remarks: list[Finding] = []
    for file in source.files:
        drafts = [draft for draft in upgrade.drafts if draft.part.source == file.name]
        if file.text is None or not drafts:
            files[file.name] = file.data
            continue
        new = rewriting.rewrite(file.text, drafts, as_json=file.name.endswith(".json"))
        files[file.name] = new.text.encode()
        remarks += [_bare(file.name, number) for number in new.bare]
    if upgrade.namespaces:
        name = _free_name(files)
        files[name] = rewriting.dump(one.body for one in upgrade.namespaces).encode()
        remarks += [_unlisted(tool, name) for tool in files if pathlib.PurePath(tool).name in folder.TOOL_FILES]
    return Output(files, tuple(remarks))


def _bare(name: str, number: int) -> Finding:
    origin = f"{name}, document {number}"
    return Finding("", origin, "The comments of this document could not be preserved", "Copy them by hand")


def _unlisted(tool: str, name: str) -> Finding:
    return Finding("", tool, f"This file does not list {name}, which the upgrade adds", "Add it to resources")


def _free_name(files: Iterable[str]) -> str:
    taken = set(files)
    stem, _dot, suffix = NAMESPACES.partition(".")
    names = (NAMESPACES, *(f"{stem}-{number}.{suffix}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


@dataclasses.dataclass(frozen=True)
class OutputPlan:
    """The files to write below ``root``, and the files of an earlier run that are obsolete."""

    root: pathlib.Path
    files: Mapping[str, bytes]
    write: tuple[str, ...]
    remove: tuple[str, ...]
    record: Mapping[str, list[str]]

    @property
    def changes(self) -> bool:
        return bool(self.write or self.remove)


def plan(source: Folder, output: Output, dest: str) -> OutputPlan:
    """Compare with the existing files; raise if one was changed since an earlier run."""
    root = pathlib.Path(os.path.realpath(dest))
    if root.is_relative_to(source.root) or source.root.is_relative_to(root):
        raise KuberError(
            "Invalid option dest: it is inside the folder of the manifests, or contains it",
            wanted="a separate folder: the manifests are not changed",
            found=dest,
        )
    with _explained(root):
        record = _read_record(root)
        there = {name: _digest(root / name) for name in output.files.keys() | record.keys()}
    wanted = {name: hashlib.sha256(data).hexdigest() for name, data in output.files.items()}
    write = sorted(name for name in wanted if there[name] != wanted[name])
    remove = sorted(name for name in record if name not in wanted and there[name] is not None)
    for name in (*write, *remove):
        if there[name] is not None and there[name] not in record.get(name, ()):
            raise KuberError(
                f"{root / name} has been changed since an upgrade wrote it",
                remedy="Move it away, or choose another folder for dest",
            )
    kept = {name: [digest] for name, digest in wanted.items()}
    return OutputPlan(root, output.files, tuple(write), tuple(remove), kept)


def carry_out(plan: OutputPlan) -> None:
    """Write and remove files. The record first lists old and new files, so an interrupted run can be repeated."""
    with _explained(plan.root):
        old = _read_record(plan.root)
        both = {
            name: sorted({*old.get(name, ()), *plan.record.get(name, ())}) for name in old.keys() | plan.record.keys()
        }
        _write(plan.root / RECORD, _dump(both))
    with after_change(), _explained(plan.root):
        for name in plan.write:
            _write(plan.root / name, plan.files[name])
        for name in plan.remove:
            (plan.root / name).unlink(missing_ok=True)
        _write(plan.root / RECORD, _dump(plan.record))


def _dump(record: Mapping[str, list[str]]) -> bytes:
    return (json.dumps({"files": record}, indent=2, sort_keys=True) + "\n").encode()


def _read_record(root: pathlib.Path) -> dict[str, list[str]]:
    path = root / RECORD
    if not path.exists():
        return {}
    try:
        files = json.loads(path.read_bytes())["files"]
        return {str(name): [str(one) for one in digests] for name, digests in files.items() if _is_below(name)}
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise KuberError(f"{path} is not a record of upgraded files", remedy="Choose another folder for dest") from exc


def _is_below(name: str) -> bool:
    path = pathlib.PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _digest(path: pathlib.Path) -> str | None:
    if not os.path.lexists(path):
        return None
    # Links and folders were not written by an upgrade: no record has an empty digest.
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""


def _write(path: pathlib.Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Manifests may contain Secrets.
    files.replace(path, data, 0o600)


@contextlib.contextmanager
def _explained(root: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise KuberError(f"Cannot write {exc.filename or root}", found=exc.strerror or str(exc)) from exc
