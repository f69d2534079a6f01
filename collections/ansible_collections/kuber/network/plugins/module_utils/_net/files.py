# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Replace a file as a whole or not at all, and explain why a file cannot be changed."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
import tempfile
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._net.persistence import FilePlan

NEW_MODE = 0o644
LABELS = ("security.selinux", "system.posix_acl_access")
# A mount point cannot be replaced (containers have them), nor can a file in a read-only directory.
ONLY_IN_PLACE = frozenset({errno.EBUSY, errno.EROFS, errno.EACCES, errno.EPERM, errno.EXDEV})
REMEDIES = {
    errno.EROFS: "Its file system is read-only: configure the names there (NixOS: networking.extraHosts), and set "
    "host_network_enabled=false",
    errno.EPERM: "It may be immutable: check with `lsattr`, and clear the flag with `chattr -i`",
    errno.ENOSPC: "Free some disk space there",
    errno.EDQUOT: "Free some disk space there",
}


def replace(path: pathlib.Path, content: bytes, mode: int | None = None) -> None:
    """Replace the content of the file. Readers see the old or the new content, never a part."""
    try:
        _replace_beside(path, content, mode)
    except OSError as exc:
        if exc.errno not in ONLY_IN_PLACE or not path.exists():
            raise
        _write_in_place(path, content)


def _replace_beside(path: pathlib.Path, content: bytes, mode: int | None) -> None:
    with _draft(path, content) as temporary:
        _take_on(path, temporary, mode)
        os.replace(temporary, path)


@contextlib.contextmanager
def _draft(path: pathlib.Path, content: bytes) -> t.Iterator[str]:
    """Write the whole content to a temporary file beside the target; it is removed afterwards."""
    # Network managers ignore names that begin with a dot, so none reads the temporary file.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _take_on(path: pathlib.Path, temporary: str, mode: int | None) -> None:
    """Copy owner, mode and labels of the file that is replaced."""
    try:
        old = path.stat()
    except FileNotFoundError:
        os.chmod(temporary, NEW_MODE if mode is None else mode)
        return
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(temporary, old.st_uid, old.st_gid)
    os.chmod(temporary, old.st_mode & 0o7777 if mode is None else mode)
    for label in LABELS:
        with contextlib.suppress(OSError, AttributeError):
            os.setxattr(temporary, label, os.getxattr(path, label))


def _write_in_place(path: pathlib.Path, content: bytes) -> None:
    """Write in one step and restore the old content if the disk is full; the file is padded with newlines meanwhile."""
    with open(path, "r+b", buffering=0) as stream:
        before = stream.read()
        try:
            _write_all(stream.fileno(), content.ljust(len(before), b"\n"))
        except OSError:
            _write_all(stream.fileno(), before)
            os.ftruncate(stream.fileno(), len(before))
            raise
        os.ftruncate(stream.fileno(), len(content))
        os.fsync(stream.fileno())


def _write_all(descriptor: int, content: bytes) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, content[written:], written)


def rehearse(path: pathlib.Path, content: bytes) -> None:
    """Test whether ``replace`` would work, and leave nothing behind. Raises ``OSError``."""
    if not path.exists():
        parent = next(parent for parent in path.parents if parent.is_dir())
        with _draft(parent / path.name, content):
            return
    with open(path, "r+b"):
        pass
    disk = os.statvfs(path)
    on_another_disk = path.stat().st_dev != path.parent.stat().st_dev
    if on_another_disk and len(content) - path.stat().st_size > disk.f_bavail * disk.f_frsize:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    try:
        with _draft(path, content):
            return
    except OSError as exc:
        if exc.errno not in ONLY_IN_PLACE:
            raise


def refusal(path: pathlib.Path, exc: OSError, *, changed: bool = False) -> KuberError:
    """Return the error that explains why a file cannot be changed."""
    reason = exc.strerror or str(exc)
    if exc.errno in (errno.EACCES, errno.EPERM) and os.geteuid() != 0:
        return RootRequired(
            f"Only root may change {path}",
            found=f"no write access: {reason} for user id {os.geteuid()}",
            remedy="Run as root, or with `become: true` (`--ask-become-pass`)",
            changed=changed,
        )
    return KuberError(
        f"Cannot change {path}",
        wanted="a file that root can write to",
        found=reason,
        remedy=REMEDIES.get(exc.errno or 0, "Fix this, then run again"),
        changed=changed,
    )


@contextlib.contextmanager
def explained(path: pathlib.Path, *, changed: bool = False) -> t.Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise refusal(path, exc, changed=changed) from exc


def require_permission(plan: FilePlan) -> None:
    """Raise before anything is changed if the change could not be completed."""
    for file in plan.write:
        with explained(file.path):
            rehearse(file.path, file.content)
    for file in plan.remove:
        with explained(file.path), _draft(file.path, b""):
            pass


def carry_out(plan: FilePlan) -> None:
    """Write before removing, so that there is always a file."""
    for file in plan.write:
        with explained(file.path, changed=True):
            file.path.parent.mkdir(parents=True, exist_ok=True)
            replace(file.path, file.content, file.mode)
    for file in plan.remove:
        with explained(file.path, changed=True):
            file.path.unlink(missing_ok=True)
            if file.path.parent.suffix == ".d" and file.path.suffix == ".conf":
                # A directory of drop-ins is removed with the last drop-in.
                with contextlib.suppress(OSError):
                    file.path.parent.rmdir()
