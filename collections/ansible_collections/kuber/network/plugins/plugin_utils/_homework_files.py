# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Write the report about a folder: one file of each kind, beside the folder and never in it."""

from __future__ import annotations

import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net import files


def name_of(src: pathlib.Path) -> str:
    """Return the name of a report: that of the folder, or of the file without its suffix."""
    return src.stem if src.is_file() else src.name


def write(src: pathlib.Path, dest: str, texts: t.Mapping[str, str], *, check_mode: bool) -> dict[str, t.Any]:
    """Write the texts, by their suffix, and return what became of them for the result of a module."""
    directory = pathlib.Path(dest).resolve()
    if directory.is_relative_to(src.resolve()):
        raise KuberError("Invalid option dest: it is inside the folder", found=str(directory))
    # A report may quote what is not Unicode, such as a name of a file.
    paths = {directory / f"{name_of(src)}.{kind}": text.encode(errors="replace") for kind, text in texts.items()}
    changed = [path for path, text in paths.items() if not path.is_file() or path.read_bytes() != text]
    if not check_mode:
        _write({path: paths[path] for path in changed})
    return {"changed": bool(changed), "files": sorted(str(path) for path in paths)}


def _write(texts: t.Mapping[pathlib.Path, bytes]) -> None:
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            files.replace(path, text)
    except OSError as exc:
        raise KuberError(f"Cannot write {exc.filename}", found=exc.strerror) from exc
