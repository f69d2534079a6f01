# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Host keys: trusted on first use, kept in a file of OpenSSH's format, refused when they change."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import fcntl
import hashlib
import hmac
import os
import pathlib
import shlex
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

REVOKED = "@revoked"


@dataclasses.dataclass(frozen=True)
class HostKey:
    """A public key of a machine, in the form that goes over the wire."""

    blob: bytes

    @property
    def algorithm(self) -> str:
        """The first field of the blob (RFC 4253, section 6.6)."""
        length = int.from_bytes(self.blob[:4], "big")
        return self.blob[4 : 4 + length].decode("ascii", "replace")

    @property
    def fingerprint(self) -> str:
        """As ``ssh-keygen -l`` prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        return f"{self.algorithm} SHA256:{digest}"

    def line(self, name: str) -> str:
        return f"{name} {self.algorithm} {base64.b64encode(self.blob).decode()}\n"


@dataclasses.dataclass(frozen=True)
class Entry:
    """A line of the file."""

    number: int
    key: HostKey
    revoked: bool = False


def _fields(line: str) -> tuple[str, list[str]]:
    """The marker of a line, and what comes after it; nothing for a comment."""
    fields = line.split()
    if not fields or fields[0].startswith("#"):
        return "", []
    return (fields[0], fields[1:]) if fields[0].startswith("@") else ("", fields)


class KnownHosts:
    """The keys that the file ``path`` has under ``name``."""

    def __init__(self, path: str, name: str) -> None:
        self._path = pathlib.Path(path)
        self._name = name

    def entries(self) -> list[Entry]:
        """The keys that are trusted."""
        return [entry for entry in self._all() if not entry.revoked]

    def _all(self) -> list[Entry]:
        try:
            return self._parse(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, UnicodeError) as exc:
            raise KuberError(f"The host keys in {self._path} cannot be read", found=str(exc)) from exc

    def verify(self, key: HostKey) -> None:
        """Accept a key that is known, learn the first one, refuse every other."""
        everything = self._all()
        revoked = next((entry for entry in everything if entry.revoked and entry.key == key), None)
        if revoked is not None:
            raise KuberError(
                f"The host key of {self._name} is revoked",
                wanted="another key",
                found=f"{key.fingerprint} (line {revoked.number} of {self._path})",
                remedy="Whoever revoked it knew why; make the machine anew (`minikube delete`, `minikube start`)",
            )
        entries = [entry for entry in everything if not entry.revoked] or self._learn(key)
        if all(entry.key != key for entry in entries):
            raise self._changed(key, next((e for e in entries if e.key.algorithm == key.algorithm), entries[0]))

    def _learn(self, key: HostKey) -> list[Entry]:
        """Write the key down, unless another process was quicker; return what the file has then."""
        try:
            with open(self._path, "a+", encoding="utf-8", opener=_private) as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                stream.seek(0)
                text = stream.read()
                entries = [entry for entry in self._parse(text) if not entry.revoked]
                if not entries:
                    stream.write(("\n" if text and not text.endswith("\n") else "") + key.line(self._name))
                    entries = [Entry(text.count("\n") + 1, key)]
                return entries
        except OSError as exc:
            raise KuberError(
                f"The host key of {self._name} cannot be kept",
                wanted=f"to write to {self._path}",
                found=exc.strerror or str(exc),
                remedy="Run as the user who owns minikube's directory",
            ) from exc

    def _parse(self, text: str) -> list[Entry]:
        return list(self._entries(text))

    def _entries(self, text: str) -> t.Iterator[Entry]:
        for number, line in enumerate(text.splitlines(), start=1):
            marker, fields = _fields(line)
            # The keys of authorities prove certificates, which minikube's machines do not have.
            if not fields or marker not in ("", REVOKED) or not self._is_named(fields[0]):
                continue
            try:
                blob = base64.b64decode(fields[2], validate=True)
            except (IndexError, binascii.Error) as exc:
                # To go on as if there were no key would be to trust whatever comes next.
                raise KuberError(
                    f"Line {number} of {self._path} is damaged",
                    wanted=f"{self._name} ALGORITHM KEY",
                    remedy="Remove the line; the next run then trusts the key that the node shows",
                ) from exc
            yield Entry(number, HostKey(blob), marker == REVOKED)

    def _is_named(self, names: str) -> bool:
        """Whether a line is about the machine; with HashKnownHosts its name is hashed (sshd(8), SSH_KNOWN_HOSTS)."""
        if not names.startswith("|1|"):
            return self._name in names.split(",")
        try:
            salt, digest = (base64.b64decode(part, validate=True) for part in names.split("|")[2:4])
        except (ValueError, binascii.Error):
            return False
        return hmac.compare_digest(hmac.digest(salt, self._name.encode(), "sha1"), digest)

    def _changed(self, key: HostKey, entry: Entry) -> KuberError:
        forget = shlex.join(["ssh-keygen", "-R", self._name, "-f", str(self._path)])
        return KuberError(
            f"The host key of {self._name} has changed: somebody may be in the way, or the machine has made new keys",
            wanted=f"{entry.key.fingerprint} (line {entry.number} of {self._path})",
            found=key.fingerprint,
            remedy=(
                "Machines of minikube's own image make new keys at every boot. When that explains it, "
                f"forget the old key: `{forget}`"
            ),
        )


def _private(path: str, flags: int) -> int:
    """Whoever could write to the file could make us trust another machine."""
    return os.open(path, flags, 0o600)
