# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Find out whether a folder is one homework, or that of a class with a homework in each of its folders."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Message
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import SUFFIXES

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Sequence

AUTO, ONE, CLASS = SCOPES = ("auto", "one", "class")
# A class has some dozens of folders; a larger one is something else, or meant to exhaust us.
MOST_ENTRIES = 2_000
MOST_FOLDERS = 500


@dataclasses.dataclass(frozen=True)
class Homework:
    """A folder to check, or one that is not read because of a problem."""

    name: str
    path: str
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class Found:
    """The homeworks in a folder, and why it is taken for one homework or for a class."""

    is_class: bool
    why: Message
    homeworks: tuple[Homework, ...]


def find(path: str, scope: str) -> Found:
    """Find the homeworks in a folder or file.

    A folder that directly contains a manifest is one homework. One that contains only folders is that of a class.
    ``scope`` says otherwise.
    """
    place = pathlib.Path(os.path.realpath(path))
    if not place.exists():
        raise KuberError(f"{path} does not exist", wanted="a folder of manifests, or one file")
    if not place.is_dir():
        if scope == CLASS:
            raise KuberError(f"{path} is not the folder of a class", wanted="a folder that contains folders")
        return Found(False, _file(place.name), (Homework(place.stem, str(place)),))
    entries = _entries(place)
    manifests = [one.name for one in entries if pathlib.PurePath(one.name).suffix in SUFFIXES and not _is_folder(one)]
    folders = [one for one in entries if _is_folder(one)]
    if scope == CLASS and not folders:
        raise KuberError(f"{path} is not the folder of a class", wanted="a folder that contains folders")
    if scope == CLASS or (scope == AUTO and folders and not manifests):
        if len(folders) > MOST_FOLDERS:
            raise KuberError(
                "The class is too large", wanted=f"at most {MOST_FOLDERS} folders", found=str(len(folders))
            )
        return Found(True, _class(place.name, len(folders), given=scope == CLASS), tuple(map(_homework, folders)))
    return Found(False, _one(place.name, manifests, given=scope == ONE), (Homework(place.name, str(place)),))


def _entries(place: pathlib.Path) -> list[os.DirEntry[str]]:
    """Return what is directly in a folder, except hidden entries, in the order of the names."""
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                if len(found) == MOST_ENTRIES:
                    raise KuberError("The folder is too large", wanted=f"at most {MOST_ENTRIES} entries")
                if not entry.name.startswith("."):
                    found.append(entry)
    except OSError as exc:
        raise KuberError(f"Cannot read {place}", found=exc.strerror or str(exc)) from exc
    return sorted(found, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=True)


def _homework(entry: os.DirEntry[str]) -> Homework:
    if entry.is_symlink():
        return Homework(entry.name, entry.path, "This folder is a link, which is not followed")
    return Homework(entry.name, entry.path)


def _file(name: str) -> Message:
    return Message(f"{name} is one file: it is one homework", f"{name} — это один файл: это одно задание")


def _one(name: str, manifests: Sequence[str], *, given: bool) -> Message:
    if given:
        return Message(f"{name} is one homework, as homework_scope says", f"{name} — одно задание (homework_scope)")
    if not manifests:
        return Message(f"{name} contains no folders: it is one homework", f"В {name} нет папок: это одно задание")
    return Message(
        f"{name} contains manifests ({manifests[0]}): it is one homework"
        " (homework_scope=class checks its folders one by one)",
        f"В {name} есть манифесты ({manifests[0]}): это одно задание (homework_scope=class проверит папки по одной)",
    )


def _class(name: str, count: int, *, given: bool) -> Message:
    if given:
        return Message(
            f"{name} is the folder of a class, as homework_scope says: each of its folders ({count}) is a homework",
            f"{name} — папка класса (homework_scope): каждая из её папок ({count}) — отдельное задание",
        )
    return Message(
        f"{name} contains no manifests of its own: each of its folders ({count}) is a homework"
        " (homework_scope=one checks it as one)",
        f"В самой {name} манифестов нет: каждая из её папок ({count}) — отдельное задание"
        " (homework_scope=one проверит её как одно)",
    )
