# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Files of our own: written and removed as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired

if t.TYPE_CHECKING:  # pragma: no cover
    import pathlib

    from ansible_collections.kuber.network.plugins.module_utils._net.persistence import FilePlan


def require_permission(plan: FilePlan) -> None:
    """Refuse before anything is done; what is half done is worse than what is not done."""
    for file in (*plan.write, *plan.remove):
        directory = next(parent for parent in file.path.parents if parent.is_dir())
        if not os.access(directory, os.W_OK):
            raise RootRequired(
                f"Only root may change {file.path}",
                found=f"no write permission in {directory} for user id {os.geteuid()}",
                remedy="Run as root, or with `become: true` (`--ask-become-pass`)",
            )


def carry_out(plan: FilePlan) -> None:
    """Write first, so that there is no moment without a file."""
    for file in plan.write:
        with _explained(file.path):
            _write(file.path, file.text, file.mode)
    for file in plan.remove:
        with _explained(file.path):
            file.path.unlink(missing_ok=True)
            if file.path.parent.suffix == ".d" and file.path.suffix == ".conf":
                # The directory of a drop-in is there for drop-ins; it goes when ours was the last one.
                with contextlib.suppress(OSError):
                    file.path.parent.rmdir()


def _write(path: pathlib.Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Managers pass over names that begin with a dot, so nobody takes a half-written file for a whole one.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
            stream.write(text)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


@contextlib.contextmanager
def _explained(path: pathlib.Path) -> t.Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise KuberError(
            f"{path} cannot be changed",
            found=exc.strerror or str(exc),
            remedy="Mend that, then run again: what was done before it stays and is not done twice",
            changed=True,
        ) from exc
