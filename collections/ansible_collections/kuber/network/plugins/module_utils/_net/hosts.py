# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Parse a hosts file, and compute its text with or without given entries."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
BLANKS = " \t\v\f\r"
"""What the C library treats as space between fields; other Unicode spaces are part of a name."""
LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
"""Names that must stay with the loopback address: much of a machine depends on them."""


@dataclasses.dataclass(frozen=True)
class HostsEntry:
    """One wanted address with its names, as they are written to the file."""

    address: str
    names: tuple[str, ...]

    @classmethod
    def parse(cls, raw: Mapping[str, t.Any]) -> HostsEntry:
        """Check address and names; raise for a line that would have no effect."""
        try:
            address = ipaddress.ip_address(raw["address"])
        except ValueError as exc:
            raise KuberError(
                "Invalid address in an entry",
                wanted="an address such as 172.17.255.3",
                found=repr(raw["address"]),
            ) from exc
        names = tuple(dict.fromkeys(_checked_name(name, address) for name in raw["names"]))
        if not names:
            raise KuberError(f"The entry for {address} has no names", wanted="at least one host name", found="none")
        return cls(str(address), names)


def _checked_name(name: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    lowered = name.lower()[:-1] if name.endswith(".") else name.lower()
    labels = lowered.split(".")
    if len(lowered) > 253 or not all(LABEL.match(label) for label in labels) or labels[-1].isdigit():
        raise KuberError(
            f"Invalid host name for {address}",
            wanted="labels of letters, digits and hyphens separated by dots, such as example.app.org",
            found=repr(name),
        )
    if lowered in LOOPBACK_NAMES and not address.is_loopback:
        raise KuberError(
            f"The name {name} is reserved for the loopback address",
            wanted="another name",
            found=f"{name} for {address}",
        )
    return lowered


def parse_entries(raw: Sequence[Mapping[str, t.Any]]) -> tuple[HostsEntry, ...]:
    """Check each entry, and check that no two contradict each other."""
    entries = tuple(HostsEntry.parse(item) for item in raw)
    seen: dict[tuple[str, int], str] = {}
    for entry in entries:
        version = ipaddress.ip_address(entry.address).version
        for name in entry.names:
            other = seen.setdefault((name, version), entry.address)
            if other != entry.address:
                raise KuberError(
                    f"The entries give {name} two addresses",
                    wanted=f"one IPv{version} address per name",
                    found=f"{other} and {entry.address}",
                )
    return entries


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of the file; ``raw`` stays byte for byte unless the line is changed."""

    raw: str
    address: str = ""
    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, raw: str) -> Line:
        words = _Parts.split(raw).words
        try:
            address = str(ipaddress.ip_address(words[0])) if len(words) > 1 else ""
        except ValueError:
            address = ""
        return cls(raw, address, tuple(words[1:]) if address else ())

    def holds(self, name: str) -> bool:
        return name in (own.lower() for own in self.names)

    def with_names(self, names: Sequence[str]) -> Line:
        """Return the line with other names; the spelling of its address, its spacing and its comment stay."""
        parts = _Parts.split(self.raw)
        written = parts.words[0]
        gap = re.match(f"[{BLANKS}]+", parts.fields[len(written) :])[0]  # type: ignore[index]
        return Line(parts.joined(f"{written}{gap}{' '.join(names)}"), self.address, tuple(names))

    def with_address(self, address: str) -> Line:
        """Return the line with another address."""
        parts = _Parts.split(self.raw)
        return Line(parts.joined(address + parts.fields[len(parts.words[0]) :]), address, self.names)


@dataclasses.dataclass(frozen=True)
class _Parts:
    """A line split into the text before, in and after its fields; joining them restores the line."""

    indent: str
    fields: str
    rest: str

    @classmethod
    def split(cls, raw: str) -> _Parts:
        content = raw.rstrip("\r\n").partition("#")[0]
        fields = content.strip(BLANKS)
        indent = content[: len(content) - len(content.lstrip(BLANKS))] if fields else ""
        return cls(indent, fields, raw[len(indent) + len(fields) :])

    @property
    def words(self) -> list[str]:
        return [word for word in re.split(f"[{BLANKS}]+", self.fields) if word]

    def joined(self, fields: str) -> str:
        return f"{self.indent}{fields}{self.rest}"


def _lines(text: str) -> list[Line]:
    if "\0" in text:
        raise KuberError("The hosts file is not a text file", wanted="lines of text", found="a NUL byte")
    return [Line.parse(raw) for raw in re.findall(r"[^\n]*\n|[^\n]+\Z", text)]


def _line_end(lines: Sequence[Line]) -> str:
    return "\r\n" if lines and lines[0].raw.endswith("\r\n") else "\n"


def with_entries(text: str, entries: Sequence[HostsEntry]) -> str:
    """Return the text in which each name has exactly the wanted addresses; other lines stay byte for byte."""
    lines = _lines(text)
    homes: dict[str, set[str]] = {}
    for entry in entries:
        for name in entry.names:
            homes.setdefault(name, set()).add(entry.address)
    for entry in entries:
        lines = _move_stale(lines, entry, homes)
    for entry in entries:
        lines = _add_missing(lines, entry)
    return "".join(line.raw for line in lines)


def _move_stale(lines: Sequence[Line], entry: HostsEntry, homes: Mapping[str, set[str]]) -> list[Line]:
    """Point a line of stale names to the entry's address, or remove single names from the lines of other addresses."""
    present = any(line.address == entry.address and line.holds(name) for line in lines for name in entry.names)
    kept: list[Line] = []
    for line in lines:
        stale = [own for own in line.names if line.address not in homes.get(own.lower(), {line.address})]
        if not stale:
            kept.append(line)
        elif len(stale) < len(line.names):
            kept.append(line.with_names([own for own in line.names if own not in stale]))
        elif not present and all(own.lower() in entry.names for own in line.names):
            kept.append(line.with_address(entry.address))
            present = True
        elif not any(own.lower() in entry.names for own in line.names):
            kept.append(line)
    return kept


def _add_missing(lines: Sequence[Line], entry: HostsEntry) -> list[Line]:
    result = list(lines)
    here = [line for line in result if line.address == entry.address]
    missing = [name for name in entry.names if not any(line.holds(name) for line in here)]
    if not missing:
        return result
    for position, line in enumerate(result):
        if line.address == entry.address and any(line.holds(name) for name in entry.names):
            result[position] = line.with_names([*line.names, *missing])
            return result
    end = _line_end(result)
    if result and not result[-1].raw.endswith("\n"):
        result[-1] = dataclasses.replace(result[-1], raw=result[-1].raw + end)
    return [*result, Line(f"{entry.address}\t{' '.join(missing)}{end}", entry.address, tuple(missing))]


def without_entries(text: str, entries: Sequence[HostsEntry]) -> str:
    """Return the text in which none of the names has the entry's address."""
    kept: list[Line] = []
    for line in _lines(text):
        gone = {name for entry in entries if entry.address == line.address for name in entry.names}
        rest = [own for own in line.names if own.lower() not in gone]
        if len(rest) == len(line.names):
            kept.append(line)
        elif rest:
            kept.append(line.with_names(rest))
    return "".join(line.raw for line in kept)
