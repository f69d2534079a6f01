# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What minikube keeps on disk about a profile, and what follows from it: nodes and the way to them."""

from __future__ import annotations

import dataclasses
import fcntl
import ipaddress
import json
import os
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils._engine import (
    ENGINE_HOST_VARIABLES,
    LOOPBACK,
    SSH_PORT,
    engine_host,
    published_port,
)

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence  # pragma: no cover

SSH_USER = "docker"
# The machine's address is not the way to its sshd: that is forwarded from a port of this machine
# (pkg/drivers/virtualbox/virtualbox.go, GetSSHHostname).
FORWARDING_DRIVERS = ("virtualbox",)
# With this driver the machine that runs minikube is the node.
BARE_METAL_DRIVERS = ("none", "native")
# All that a tunnel to containers leaves (cmd/minikube/cmd/tunnel.go): no line in tunnels.json.
TUNNEL_LOCK = ".tunnel_lock"
LOCKS = pathlib.Path("/proc/locks")
# Ansible takes hosts of these names for the machine that it runs on.
NAMES_OF_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclasses.dataclass(frozen=True)
class Ssh:
    """How sshd of a node is reached."""

    host: str
    port: int
    user: str
    key_file: str
    known_hosts: str


@dataclasses.dataclass(frozen=True)
class Node:
    """One machine of a cluster; without ``ssh`` it is the machine that we are on."""

    name: str
    address: str
    control_plane: bool
    ssh: Ssh | None
    problem: str = ""
    """Why it cannot be reached right now: its container is stopped, or the engine does not say."""


@dataclasses.dataclass(frozen=True)
class Profile:
    """One cluster of minikube."""

    name: str
    home: str
    driver: str
    container_runtime: str
    kubernetes_version: str
    addons: tuple[str, ...]
    nodes: tuple[Node, ...]

    @property
    def tunnel_pids(self) -> list[int]:
        """Processes of ``minikube tunnel`` that are alive right now; 0 is one whose number is not known."""
        home = pathlib.Path(self.home)
        listed = _live_tunnels(home / "tunnels.json", self.name)
        return listed or _lock_holders(home / "profiles" / self.name / TUNNEL_LOCK)

    @property
    def address(self) -> str:
        """Address of the first control plane, as ``minikube ip`` has it."""
        return next((node.address for node in self.nodes if node.control_plane), self.nodes[0].address)


def minikube_directory(given: str | None) -> pathlib.Path:
    """Where minikube keeps its files; resolved as pkg/minikube/localpath does it."""
    base = pathlib.Path(given).expanduser() if given else pathlib.Path.home()
    return base if base.name == ".minikube" else base / ".minikube"


def known_profiles(home: pathlib.Path) -> list[str]:
    return sorted(path.parent.name for path in home.glob("profiles/*/config.json"))


def read_profile(home: pathlib.Path, name: str) -> Profile:
    """Read the files of one profile and ask the container engine for published ports, if there is one."""
    _require_access(home)
    if name not in known_profiles(home):
        raise _unknown_profile(home, name)
    if name in NAMES_OF_THIS_MACHINE:
        raise KuberError(
            f"A profile named {name} cannot be worked on",
            wanted="a name that does not stand for this machine itself",
            found=name,
            remedy="Make the cluster under another name (`minikube start --profile NAME`)",
        )
    path = home / "profiles" / name / "config.json"
    config = _read_json(path, name)
    driver = str(config.get("Driver") or "")
    listed = config.get("Nodes") or []
    if not isinstance(listed, list) or not all(isinstance(node, dict) for node in listed):
        raise _not_minikubes(path, name, "a list of objects in Nodes", listed)
    nodes = tuple(_read_node(home, name, driver, listed, node) for node in listed)
    if not nodes:
        raise KuberError(
            f"Profile {name} of minikube has no nodes",
            wanted="at least one entry in Nodes",
            found=f"none in {path}",
            remedy=f"`minikube start --profile {name}` completes it",
        )
    kubernetes = _part(config, "KubernetesConfig", path, name)
    return Profile(
        name=name,
        home=str(home),
        driver=driver,
        container_runtime=str(kubernetes.get("ContainerRuntime") or ""),
        kubernetes_version=str(kubernetes.get("KubernetesVersion") or "").removeprefix("v"),
        addons=tuple(sorted(addon for addon, enabled in _part(config, "Addons", path, name).items() if enabled)),
        nodes=nodes,
    )


def _unknown_profile(home: pathlib.Path, name: str) -> KuberError:
    known = known_profiles(home)
    return KuberError(
        f"minikube has no profile {name!r}",
        wanted=f"{home}/profiles/{name}/config.json",
        found=f"the profiles {', '.join(known)}" if known else "no profiles at all",
        remedy="Name one that is there in KUBER_PROFILE (and its directory in MINIKUBE_HOME), or `minikube start`",
    )


def _require_access(home: pathlib.Path) -> None:
    """A directory of root's, as `sudo minikube` leaves it, looks as if there were no profiles."""
    for directory in (home, home / "profiles"):
        if directory.is_dir() and not os.access(directory, os.R_OK | os.X_OK):
            raise KuberError(
                f"{directory} cannot be read",
                wanted="a directory of this user",
                found=f"no permission for user id {os.geteuid()}",
                remedy=f"`sudo chown --recursive {os.geteuid()} {home}`",
            )


def _read_json(path: pathlib.Path, profile: str) -> dict[str, t.Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except PermissionError as exc:
        raise KuberError(
            f"{path} cannot be read",
            wanted="a file of this user",
            found=str(exc),
            remedy=f"`sudo chown --recursive {os.geteuid()} {path.parents[2]}`",
        ) from exc
    except (OSError, ValueError) as exc:
        raise KuberError(
            f"{path} cannot be read",
            wanted="the JSON that minikube writes",
            found=str(exc),
            remedy=_anew(profile),
        ) from exc
    if not isinstance(content, dict):
        raise _not_minikubes(path, profile, "an object", content)
    return content


def _anew(profile: str) -> str:
    """`minikube start` reads such a file, too, and gives up."""
    return f"`minikube delete --profile {profile}` and then `minikube start --profile {profile}` make it anew"


def _part(content: Mapping[str, t.Any], field: str, path: pathlib.Path, profile: str) -> dict[str, t.Any]:
    part = content.get(field) or {}
    if not isinstance(part, dict):
        raise _not_minikubes(path, profile, f"an object in {field}", part)
    return part


def _not_minikubes(path: pathlib.Path, profile: str, wanted: str, found: object) -> KuberError:
    return KuberError(
        f"{path} is not what minikube writes", wanted=wanted, found=json.dumps(found)[:80], remedy=_anew(profile)
    )


def machine_name(profile: str, nodes: Sequence[Mapping[str, t.Any]], node: Mapping[str, t.Any]) -> str:
    """minikube's name for a machine (pkg/minikube/config/profile.go, MachineName)."""
    if len(nodes) == 1 or not node.get("Name"):
        return profile
    return f"{profile}-{node['Name']}"


def _read_node(
    home: pathlib.Path, profile: str, driver: str, nodes: Sequence[Mapping[str, t.Any]], node: Mapping[str, t.Any]
) -> Node:
    name = machine_name(profile, nodes, node)
    machine: dict[str, t.Any] = {}
    path = home / "machines" / name / "config.json"
    if driver not in BARE_METAL_DRIVERS:
        machine = _part(_read_json(path, profile), "Driver", path, profile)
    address = str(node.get("IP") or machine.get("IPAddress") or "")
    if not address:
        raise KuberError(
            f"Node {name} of minikube has no address yet",
            wanted="an IP in the profile or in the machine's file",
            remedy=f"`minikube start --profile {profile}` completes it",
        )
    if not _is_address(address):
        raise _not_minikubes(path, profile, f"an address of node {name}", address)
    ssh, problem = None, ""
    if driver in ENGINE_HOST_VARIABLES:
        port, problem = published_port(driver, profile, name)
        ssh = _ssh(home / "machines" / name, profile, driver, address, machine, published=port)
    elif driver not in BARE_METAL_DRIVERS:
        ssh = _ssh(home / "machines" / name, profile, driver, address, machine)
    return Node(name, address, bool(node.get("ControlPlane")), ssh, problem)


def _ssh(
    directory: pathlib.Path,
    profile: str,
    driver: str,
    address: str,
    machine: Mapping[str, t.Any],
    published: int | None = None,
) -> Ssh:
    """The way to sshd; ``published`` is the port of a container."""
    if published is not None:
        host, port = engine_host(driver, os.environ), published
    else:
        host = LOOPBACK if driver in FORWARDING_DRIVERS else str(machine.get("IPAddress") or address)
        port = _port(machine.get("SSHPort") or SSH_PORT, directory / "config.json", profile)
    return Ssh(
        host=host,
        port=port,
        user=str(machine.get("SSHUser") or SSH_USER),
        key_file=_key_file(directory, driver, machine.get("SSHKeyPath")),
        known_hosts=str(directory / "known_hosts"),
    )


def _key_file(directory: pathlib.Path, driver: str, given: object) -> str:
    """The path in the file is that of the day the machine was made: the directory may have moved since."""
    own = directory / "id_rsa"
    if driver == "ssh" and given == "" and not own.exists():
        # `minikube start --driver=ssh` without --ssh-key.
        return str(pathlib.Path.home() / ".ssh" / "id_rsa")
    return str(given) if given and pathlib.Path(str(given)).exists() else str(own)


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _port(value: object, path: pathlib.Path, profile: str) -> int:
    if not isinstance(value, int) or not 0 < value < 65536:
        raise _not_minikubes(path, profile, "a port in SSHPort", value)
    return value


def _live_tunnels(registry: pathlib.Path, profile: str) -> list[int]:
    try:
        entries = json.loads(registry.read_text(encoding="utf-8") or "[]") or []
    except (OSError, ValueError):
        # No tunnel has ever been started, or minikube is writing the file this very moment.
        return []
    if not isinstance(entries, list):
        return []
    mine = [entry for entry in entries if isinstance(entry, dict) and entry.get("MachineName") == profile]
    pids = [entry["Pid"] for entry in mine if isinstance(entry.get("Pid"), int) and entry["Pid"] > 0]
    return sorted(pid for pid in set(pids) if _is_tunnel(pid))


def _lock_holders(path: pathlib.Path) -> list[int]:
    """Who holds a lock of flock(2); the file alone says nothing, for it stays behind."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _holders(file.fileno())
    except OSError:
        pass
    return []


def _holders(descriptor: int) -> list[int]:
    """As Linux lists them: ``1: FLOCK ADVISORY WRITE 4711 00:2d:131 0 EOF``."""
    inode = str(os.fstat(descriptor).st_ino)
    try:
        lines = [line.split() for line in LOCKS.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return [0]
    found = [words[4] for words in lines if words[1:2] == ["FLOCK"] and words[5].rpartition(":")[2] == inode]
    return sorted(int(pid) for pid in found if pid.isdigit()) or [0]


def _is_tunnel(pid: int) -> bool:
    """Whether the process is alive and, where that can be seen, a tunnel rather than a later one of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It is there, and another user's: `sudo minikube tunnel` is root's.
        pass
    try:
        return b"tunnel" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
