# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Make a route persistent: the file, and its place, for the network manager in charge of the interface."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._drift import Drift, of_lines
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, RootRequired
from ansible_collections.kuber.network.plugins.module_utils._net.local import COMMAND_NOT_FOUND
from ansible_collections.kuber.network.plugins.module_utils._net.route import PROTOCOL

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable, Iterable, Mapping

    from ansible_collections.kuber.network.plugins.module_utils._net.own import Network
    from ansible_collections.kuber.network.plugins.module_utils._net.route import Wanted
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

HEADER = "# Made by kuber.network.static_route (Ansible), which changes and removes this file."
DISPATCHER = "etc/NetworkManager/dispatcher.d"
NETWORKD = "etc/systemd/network"
IF_UP = "etc/network/if-up.d"

HOOK = """\
#!/bin/sh
{header}
# NetworkManager (interface and event as arguments) and ifupdown (interface in IFACE) run it when an interface is up.
case "${{2:-up}}" in up | reapply | dhcp4-change | dhcp6-change) ;; *) exit 0 ;; esac
device="${{1:-$IFACE}}"
# Only the interface that has an address of this machine in the nodes' network takes the route.
[ -n "$(ip -{version} -o address show dev "$device" to {near} 2>/dev/null)" ] || exit 0
exec ip -{version} route replace {destination} {way}dev "$device" {scope}proto {protocol}
"""

DROP_IN = """\
{header}
[Route]
Destination={destination}
{way}
Protocol={protocol}
"""


@dataclasses.dataclass(frozen=True)
class RouteFile:
    """A file with its content and mode."""

    path: pathlib.Path
    text: str
    mode: int

    @property
    def content(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape")


@dataclasses.dataclass(frozen=True)
class Placement:
    """The directory for our file if a network manager is in charge of an interface, or why it is not."""

    path: pathlib.Path | None = None
    refusal: str = ""


def file_name(destination: Network) -> str:
    """Return the file name for a destination; run-parts ignores names with characters other than A-Z a-z 0-9 - _."""
    return "90-kuber-" + re.sub(r"[^0-9a-f]", "-", destination.exploded)


def _network_manager(runner: Runner, device: str, name: str) -> Placement:
    asked = runner.run(["nmcli", "-g", "GENERAL.STATE", "device", "show", device], check=False)
    state = asked.stdout.strip()
    if asked.rc == COMMAND_NOT_FOUND:
        return Placement(refusal="not installed")
    if asked.rc != 0:
        return Placement(refusal=(asked.stderr or asked.stdout).strip().replace("Error: ", "").rstrip("."))
    if "unmanaged" in state:
        return Placement(refusal=f"leaves {device} alone")
    # A script, because it is a file of our own, and because interfaces that other programs made (bridges of libvirt
    # and of container engines) have no connection profile to which a route could be added.
    return Placement(pathlib.Path(DISPATCHER, name))


def _networkd(runner: Runner, device: str, name: str) -> Placement:
    asked = runner.run(["networkctl", "--no-pager", "--lines=0", "status", device], check=False)
    if asked.rc == COMMAND_NOT_FOUND:
        return Placement(refusal="not installed")
    if "is not running" in asked.stderr:
        return Placement(refusal="not running")
    found = re.search(r"^\s*Network File: (\S+\.network)$", asked.stdout, re.MULTILINE)
    if not found:
        return Placement(refusal=f"has no .network file for {device}")
    # The file itself may be in /usr/lib or /run (netplan writes there); drop-ins in /etc apply to all of them.
    return Placement(pathlib.Path(NETWORKD, f"{pathlib.Path(found[1]).name}.d", f"{name}.conf"))


def _ifupdown(runner: Runner, device: str, name: str) -> Placement:
    asked = runner.run(["ifquery", device], check=False)
    if asked.rc == COMMAND_NOT_FOUND:
        return Placement(refusal="not installed")
    if asked.rc != 0:
        return Placement(refusal=f"has no stanza for {device}")
    return Placement(pathlib.Path(IF_UP, name))


MANAGERS: Mapping[str, Callable[[Runner, str, str], Placement]] = {
    "NetworkManager": _network_manager,
    "systemd-networkd": _networkd,
    "ifupdown": _ifupdown,
}
"""In order of preference. A machine may have several, each for its own interfaces."""


def wanted_file(runner: Runner, wanted: Wanted, root: pathlib.Path) -> RouteFile:
    """Return the file for the network manager in charge of the interface."""
    device = wanted.device
    name = file_name(wanted.destination)
    refusals = []
    for manager, ask in MANAGERS.items():
        answer = ask(runner, device, name)
        if answer.path is not None:
            return render(root / answer.path, wanted)
        refusals.append(f"{manager} ({answer.refusal})")
    raise KuberError(
        f"Nothing on this machine would restore the route to {wanted.destination} after a restart",
        wanted=f"a network manager in charge of interface {device}",
        found=", ".join(refusals),
        remedy="Set `persistent` to false (host_network_persistent=false); the next run restores the route as well",
    )


def render(path: pathlib.Path, wanted: Wanted) -> RouteFile:
    """Return the file for a path: systemd-networkd reads settings, the others run a script."""
    values = {
        "header": HEADER,
        "destination": wanted.destination,
        "protocol": PROTOCOL,
        "near": wanted.near,
        "version": wanted.destination.version,
    }
    if path.suffix == ".conf":
        way = f"Gateway={wanted.via}" if wanted.via else "Scope=link"
        return RouteFile(path, DROP_IN.format(way=way, **values), 0o644)
    way = f"via {wanted.via} " if wanted.via else ""
    scope = "scope link " if not wanted.via and wanted.destination.version == 4 else ""
    return RouteFile(path, HOOK.format(way=way, scope=scope, **values), 0o755)


def own_files(destination: Network, root: pathlib.Path) -> list[RouteFile]:
    """Return our files for the destination from the directories of all network managers, used or not."""
    name = file_name(destination)
    places = [root / DISPATCHER / name, root / IF_UP / name, *(root / NETWORKD).glob(f"*.network.d/{name}.conf")]
    return [_read(path) for path in sorted(places) if path.is_file()]


def _read(path: pathlib.Path) -> RouteFile:
    try:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
    except PermissionError as exc:
        raise RootRequired(f"Only root may read {path}", found=str(exc)) from exc
    if HEADER not in text.splitlines()[:2]:
        raise KuberError(
            f"{path} exists but was not created by kuber.network",
            wanted=f"the line {HEADER!r} at its beginning, or no such file",
            remedy="Find out what it is for, and move it away",
        )
    return RouteFile(path, text, path.stat().st_mode & 0o777)


@dataclasses.dataclass(frozen=True)
class FilePlan:
    """The planned changes of our files."""

    write: tuple[RouteFile, ...]
    remove: tuple[RouteFile, ...]
    before: Mapping[pathlib.Path, RouteFile]
    after: tuple[pathlib.Path, ...]

    @property
    def changes(self) -> bool:
        return bool(self.write or self.remove)

    def diffs(self) -> list[dict[str, str]]:
        """Return one diff for each file that changes, in Ansible's form."""
        return [
            {"before_header": str(path), "after_header": str(path), "before": before, "after": after}
            for path, before, after in self._texts()
        ]

    def drift(self) -> list[Drift]:
        texts = [(f"file {path}", before.splitlines(), after.splitlines()) for path, before, after in self._texts()]
        # If the texts are equal, the modes differ.
        return [one for text in texts for one in of_lines(*text) or [Drift(text[0])]]

    def _texts(self) -> list[tuple[pathlib.Path, str, str]]:
        pairs = [(file.path, self._text(file.path), file.text) for file in self.write]
        return pairs + [(file.path, file.text, "") for file in self.remove]

    def _text(self, path: pathlib.Path) -> str:
        return self.before[path].text if path in self.before else ""


def plan_files(wanted: RouteFile | None, ours: Iterable[RouteFile]) -> FilePlan:
    """Plan to have exactly the wanted file, or none."""
    before = {file.path: file for file in ours}
    keep = [] if wanted is None else [wanted]
    return FilePlan(
        write=tuple(file for file in keep if before.get(file.path) != file),
        remove=tuple(file for path, file in before.items() if wanted is None or path != wanted.path),
        before=before,
        after=tuple(file.path for file in keep),
    )
