# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check host keys: trust on first use, keep in a file of OpenSSH's format, refuse changed keys."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import fcntl
import hashlib
import hmac
import os
import pathlib
import re
import shlex
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

REVOKED = "@revoked"


@dataclasses.dataclass(frozen=True)
class HostKey:
    """A public key of a machine, in its wire format."""

    blob: bytes

    @property
    def algorithm(self) -> str:
        """The first field of the blob (RFC 4253, section 6.6)."""
        length = int.from_bytes(self.blob[:4], "big")
        return self.blob[4 : 4 + length].decode("ascii", "replace")

    @property
    def fingerprint(self) -> str:
        """The fingerprint as printed by ``ssh-keygen -l``."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        return f"{self.algorithm} SHA256:{digest}"

    def line(self, name: str) -> str:
        return f"{name} {self.algorithm} {base64.b64encode(self.blob).decode()}\n"


@dataclasses.dataclass(frozen=True)
class KnownHost:
    """A line of the file."""

    number: int
    key: HostKey
    revoked: bool = False


def _fields(line: str) -> tuple[str, list[str]]:
    """Split a line into its marker and fields; empty for a comment."""
    fields = line.split()
    if not fields or fields[0].startswith("#"):
        return "", []
    return (fields[0], fields[1:]) if fields[0].startswith("@") else ("", fields)


class KnownHosts:
    """The keys of the machine ``name`` in the file ``path``."""

    def __init__(self, path: str, name: str) -> None:
        self._path = pathlib.Path(path)
        self._name = name

    def entries(self) -> list[KnownHost]:
        """Return the trusted keys."""
        return [entry for entry in self._all() if not entry.revoked]

    def _all(self) -> list[KnownHost]:
        try:
            return self._parse(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, UnicodeError) as exc:
            raise KuberError(f"Cannot read the host keys in {self._path}", found=str(exc)) from exc

    def verify(self, key: HostKey) -> None:
        """Accept a known key, learn the first key, refuse any other."""
        everything = self._all()
        revoked = next((entry for entry in everything if entry.revoked and entry.key == key), None)
        if revoked is not None:
            raise KuberError(
                f"The host key of {self._name} is revoked",
                wanted="another key",
                found=f"{key.fingerprint} (line {revoked.number} of {self._path})",
                remedy="Find out why it was revoked, or recreate the machine (`minikube delete`, `minikube start`)",
            )
        entries = [entry for entry in everything if not entry.revoked] or self._learn(key)
        if all(entry.key != key for entry in entries):
            raise self._changed(key, next((e for e in entries if e.key.algorithm == key.algorithm), entries[0]))

    def _learn(self, key: HostKey) -> list[KnownHost]:
        """Add the key to the file unless another process was faster; return the file's entries."""
        try:
            with open(self._path, "a+", encoding="utf-8", opener=_private) as stream:
                fcntl.flock(stream, fcntl.LOCK_EX)
                stream.seek(0)
                text = stream.read()
                entries = [entry for entry in self._parse(text) if not entry.revoked]
                if not entries:
                    stream.write(("\n" if text and not text.endswith("\n") else "") + key.line(self._name))
                    entries = [KnownHost(text.count("\n") + 1, key)]
                return entries
        except OSError as exc:
            raise KuberError(
                f"Cannot save the host key of {self._name}",
                wanted=f"write access to {self._path}",
                found=exc.strerror or str(exc),
                remedy="Run as the user who owns minikube's directory",
            ) from exc

    def _parse(self, text: str) -> list[KnownHost]:
        return list(self._entries(text))

    def _entries(self, text: str) -> t.Iterator[KnownHost]:
        for number, line in enumerate(text.splitlines(), start=1):
            marker, fields = _fields(line)
            # Keys of certificate authorities do not apply: minikube's machines have no certificates.
            if not fields or marker not in ("", REVOKED) or not self._is_named(fields[0]):
                continue
            try:
                blob = base64.b64decode(fields[2], validate=True)
            except (IndexError, binascii.Error) as exc:
                # Ignoring the line would mean to trust the next key unseen.
                raise KuberError(
                    f"Line {number} of {self._path} is damaged",
                    wanted=f"{self._name} ALGORITHM KEY",
                    remedy="Remove the line; the next run trusts the key that the node presents",
                ) from exc
            yield KnownHost(number, HostKey(blob), marker == REVOKED)

    def _is_named(self, names: str) -> bool:
        """Whether a line applies to the machine: it has patterns, or the hash of a name (sshd(8), SSH_KNOWN_HOSTS)."""
        if not names.startswith("|1|"):
            patterns = names.split(",")
            return any(map(self._matches, patterns)) and not any(
                self._matches(one[1:]) for one in patterns if one.startswith("!")
            )
        try:
            salt, digest = (base64.b64decode(part, validate=True) for part in names.split("|")[2:4])
        except (ValueError, binascii.Error):
            return False
        return hmac.compare_digest(hmac.digest(salt, self._name.encode(), "sha1"), digest)

    def _matches(self, pattern: str) -> bool:
        """Whether a pattern, with the wildcards * and ?, matches the machine's name."""
        words = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        return re.fullmatch(words, self._name) is not None

    def _changed(self, key: HostKey, entry: KnownHost) -> KuberError:
        forget = shlex.join(["ssh-keygen", "-R", self._name, "-f", str(self._path)])
        return KuberError(
            f"The host key of {self._name} has changed: the connection may be intercepted, or the machine has new keys",
            wanted=f"{entry.key.fingerprint} (line {entry.number} of {self._path})",
            found=key.fingerprint,
            remedy=(
                "Machines of minikube's ISO create new keys at every boot. If that is the cause, "
                f"remove the old key: `{forget}`"
            ),
        )


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner can write: other writers could make us trust another machine."""
    return os.open(path, flags, 0o600)
