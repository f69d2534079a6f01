# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What is copied to a machine: the collection that runs here, with an inventory and an ansible.cfg beside it."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import pathlib
import tarfile
import typing as t

COLLECTION = pathlib.PurePosixPath("collections/ansible_collections/kuber/network")
# Tests are of no use there, the others are made by tools.
LEFT_OUT = frozenset({".ansible", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__", "tests"})
# Whoever works on the machine by hand finds there what a run from here has.
FILES = {
    "kuber.minikube.yml": "plugin: kuber.network.minikube\n",
    "ansible.cfg": (
        "[defaults]\ninventory = kuber.minikube.yml\ncollections_path = collections\ngathering = explicit\n"
        "localhost_warning = False\nnocows = True\ncallbacks_enabled = kuber.network.drift_report\n\n"
        "[connection]\npipelining = True\n"
    ),
}


@dataclasses.dataclass(frozen=True)
class Bundle:
    """Names in the archive with their contents, and the packages that pip installs beside them."""

    contents: t.Mapping[str, bytes]
    packages: tuple[str, ...]

    @property
    def key(self) -> str:
        """Another collection or other packages: another key."""
        digest = hashlib.sha256(repr(self.packages).encode())
        for name, content in sorted(self.contents.items()):
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]

    def archive(self) -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, content in sorted(self.contents.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o644
                archive.addfile(entry, io.BytesIO(content))
        return packed.getvalue()


def read(collection: pathlib.Path, packages: t.Sequence[str]) -> Bundle:
    """The collection in this directory, be it installed or in a clone."""
    contents = {name: text.encode() for name, text in FILES.items()}
    for path in collection.rglob("*"):
        inside = path.relative_to(collection)
        if LEFT_OUT.isdisjoint(inside.parts) and path.is_file():
            contents[str(COLLECTION / inside.as_posix())] = path.read_bytes()
    return Bundle(contents, tuple(packages))
