# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read the manifests of an untrusted folder: nothing outside of it, and within limits of size and number."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import stat
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import SUFFIXES
from ansible_collections.kuber.network.plugins.module_utils._upgrade import reading
from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import Finding
from ansible_collections.kuber.network.plugins.module_utils._upgrade.reading import Read
from ansible_collections.kuber.network.plugins.module_utils._yaml.yamltext import LARGEST

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterator

# A folder of manifests has a few dozen files; a larger one is something else, or meant to exhaust us.
MOST_ENTRIES = 2_000
DEEPEST = 20
# Files of kustomize and Helm, which list or parametrise the manifests beside them.
TOOL_FILES = frozenset({"Chart.yaml", "kustomization.yaml", "kustomization.yml"})
_REMEDY = "Name the folder that contains only the manifests"


@dataclasses.dataclass(frozen=True)
class ManifestFile:
    """A file of manifests; ``name`` is its path below the folder."""

    name: str
    data: bytes
    text: str | None
    """``None`` if it is not text."""


@dataclasses.dataclass(frozen=True)
class Folder:
    """The files, and remarks about files that were not read."""

    root: pathlib.Path
    files: tuple[ManifestFile, ...]
    remarks: tuple[Finding, ...] = ()

    def read(self) -> Read:
        return sum((_read(file) for file in self.files), Read(remarks=self.remarks))


def load(path: str) -> Folder:
    """Read a folder, or one file."""
    place = pathlib.Path(os.path.realpath(path))
    if not place.exists():
        raise KuberError(f"{path} does not exist", wanted="a folder of manifests, or one file")
    if not place.is_dir():
        _refuse_special(place, place.name)
        return Folder(place.parent, (_load(place, place.name, 0),))
    names: list[str] = []
    remarks: list[Finding] = []
    for name, entry in _walk(place):
        if entry.is_symlink():
            remarks.append(_link(place, name, entry.path))
        elif pathlib.PurePath(name).suffix in SUFFIXES:
            _refuse_special(pathlib.Path(entry.path), name)
            names.append(name)
    if not names:
        wanted = f"files named *{', *'.join(sorted(SUFFIXES))}"
        raise KuberError(f"The folder {path} contains no manifests", wanted=wanted)
    files: list[ManifestFile] = []
    for name in sorted(names):
        files.append(_load(place / name, name, sum(len(file.data) for file in files)))
    return Folder(place, tuple(files), tuple(remarks))


def _walk(root: pathlib.Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield files and links below the folder, except hidden ones, in any order; links are not followed."""
    seen = 0
    left = [(str(root), "", 0)]
    while left:
        directory, prefix, depth = left.pop()
        with _readable(prefix or "."), os.scandir(directory) as entries:
            for entry in entries:
                seen += 1
                if seen > MOST_ENTRIES or depth > DEEPEST:
                    wanted = f"at most {MOST_ENTRIES} entries, {DEEPEST} levels deep"
                    raise KuberError("The folder is too large", wanted=wanted, remedy=_REMEDY)
                if entry.name.startswith("."):
                    continue
                name = _printable(prefix + entry.name)
                if entry.is_dir(follow_symlinks=False):
                    left.append((entry.path, f"{name}/", depth + 1))
                else:
                    yield name, entry


def _printable(name: str) -> str:
    if not name.isprintable():
        raise KuberError("A file name has unprintable characters", wanted="printable characters", found=repr(name))
    return name


def _link(root: pathlib.Path, name: str, path: str) -> Finding:
    target = pathlib.Path(os.path.realpath(path))
    if not target.is_relative_to(root):
        raise KuberError(f"{name} is a link to outside of the folder", remedy="Remove it, or copy its target")
    problem = "This link into the folder is not followed"
    return Finding("", name, problem, "Its target is read in its own place")


def _refuse_special(path: pathlib.Path, name: str) -> None:
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise KuberError(f"{name} is not a regular file", remedy="Remove it from the folder")


def _load(path: pathlib.Path, name: str, before: int) -> ManifestFile:
    """Read one file; ``before`` is the size of those read before it."""
    with _readable(name):
        # Do not follow or wait for what has become a link or a pipe meanwhile.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            data = stream.read(max(0, LARGEST - before) + 1)
    if before + len(data) > LARGEST:
        wanted = f"at most {LARGEST >> 20} MiB"
        raise KuberError("The manifests are too large", wanted=wanted, found=f"more, up to {name}", remedy=_REMEDY)
    try:
        return ManifestFile(name, data, None if b"\0" in data else data.decode())
    except UnicodeDecodeError:
        return ManifestFile(name, data, None)


@contextlib.contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise KuberError(f"Cannot read {name}", found=exc.strerror or str(exc)) from exc


def _read(file: ManifestFile) -> Read:
    if pathlib.PurePath(file.name).name in TOOL_FILES:
        return Read()
    if file.text is None:
        finding = Finding("", file.name, "This file is not UTF-8 text", "Remove it, or save it as UTF-8")
        return Read(findings=(finding,))
    return reading.from_text(file.text, file.name)
