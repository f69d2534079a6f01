# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Read minikube's files about a profile: its nodes, and how to reach them."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._addresses import is_address
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
# The sshd of the machine is not reached at its address: it is forwarded from a port of this machine
# (pkg/drivers/virtualbox/virtualbox.go, GetSSHHostname).
FORWARDING_DRIVERS = ("virtualbox",)
# With this driver, the machine that runs minikube is the node.
BARE_METAL_DRIVERS = ("none", "native")
# All that a tunnel to containers leaves (cmd/minikube/cmd/tunnel.go): no line in tunnels.json.
TUNNEL_LOCK = ".tunnel_lock"
LOCKS = pathlib.Path("/proc/locks")
# Ansible treats hosts of these names as the machine it runs on.
NAMES_OF_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclasses.dataclass(frozen=True)
class Ssh:
    """How to reach the sshd of a node."""

    host: str
    port: int
    user: str
    key_file: str
    known_hosts: str


@dataclasses.dataclass(frozen=True)
class ProfileNode:
    """One machine of a cluster; without ``ssh`` it is the local machine."""

    name: str
    address: str
    control_plane: bool
    ssh: Ssh | None
    problem: str = ""
    """Why it cannot be reached at the moment: its container is stopped, or the engine does not answer."""


@dataclasses.dataclass(frozen=True)
class Profile:
    """One minikube cluster."""

    name: str
    home: str
    driver: str
    container_runtime: str
    kubernetes_version: str
    addons: tuple[str, ...]
    nodes: tuple[ProfileNode, ...]

    @property
    def tunnel_pids(self) -> list[int]:
        """Processes of ``minikube tunnel`` that are alive right now; 0 is one whose number is not known."""
        home = pathlib.Path(self.home)
        listed = _live_tunnels(home / "tunnels.json", self.name)
        return listed or _lock_holders(home / "profiles" / self.name / TUNNEL_LOCK)

    @property
    def address(self) -> str:
        """The address of the first control plane, as ``minikube ip`` prints it."""
        return next((node.address for node in self.nodes if node.control_plane), self.nodes[0].address)


def minikube_directory(given: str | None) -> pathlib.Path:
    """Return minikube's directory, as pkg/minikube/localpath resolves it."""
    base = pathlib.Path(given).expanduser() if given else pathlib.Path.home()
    return base if base.name == ".minikube" else base / ".minikube"


def known_profiles(home: pathlib.Path) -> list[str]:
    """Return the names of the profiles, and of directories that this user may not read: they may be profiles."""
    found = home.glob("profiles/*/")
    return sorted(path.name for path in found if not _may_read(path) or (path / "config.json").exists())


def is_missing(home: pathlib.Path, name: str) -> bool:
    """Whether minikube has no such profile; one that this user may not read is not missing."""
    try:
        require_access(home, name)
    except KuberError:
        return False
    return name not in known_profiles(home)


def read_profile(home: pathlib.Path, name: str) -> Profile:
    """Read the files of one profile and ask the container engine for published ports, if there is one."""
    require_access(home, name)
    if name not in known_profiles(home):
        raise _unknown_profile(home, name)
    if name in NAMES_OF_THIS_MACHINE:
        raise KuberError(
            f"Cannot use a profile named {name}",
            wanted="a name that does not mean the local machine",
            found=name,
            remedy="Create the cluster with another name (`minikube start --profile NAME`)",
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
            f"minikube's profile {name} has no nodes",
            wanted="at least one entry in Nodes",
            found=f"none in {path}",
            remedy=f"Run `minikube start --profile {name}` to complete it",
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
        found=f"the profiles {', '.join(known)}" if known else "no profiles",
        remedy="Set KUBER_PROFILE to an existing one (and MINIKUBE_HOME to its directory), or run `minikube start`",
    )


def require_access(home: pathlib.Path, name: str) -> None:
    """Raise if a directory belongs to root, as after `sudo minikube`: it would look as if there were no profile."""
    for directory in (home, home / "profiles", home / "profiles" / name):
        if directory.is_dir() and not _may_read(directory):
            raise KuberError(
                f"Cannot read {directory}",
                wanted="a directory that this user may read",
                found=f"no permission for user id {os.geteuid()}",
                remedy=f"Run `sudo chown --recursive {os.geteuid()} {home}`",
            )


def _may_read(directory: pathlib.Path) -> bool:
    return os.access(directory, os.R_OK | os.X_OK)


def _read_json(path: pathlib.Path, profile: str) -> dict[str, t.Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except PermissionError as exc:
        raise KuberError(
            f"Cannot read {path}",
            wanted="a file that this user may read",
            found=str(exc),
            remedy=f"Run `sudo chown --recursive {os.geteuid()} {path.parents[2]}`",
        ) from exc
    except (OSError, ValueError) as exc:
        raise KuberError(
            f"Cannot read {path}",
            wanted="JSON, as minikube writes it",
            found=str(exc),
            remedy=_anew(profile),
        ) from exc
    if not isinstance(content, dict):
        raise _not_minikubes(path, profile, "an object", content)
    return content


def _anew(profile: str) -> str:
    """Return the remedy for a broken file; `minikube start` would fail on it as well."""
    return f"Run `minikube delete --profile {profile}` and then `minikube start --profile {profile}`"


def _part(content: Mapping[str, t.Any], field: str, path: pathlib.Path, profile: str) -> dict[str, t.Any]:
    part = content.get(field) or {}
    if not isinstance(part, dict):
        raise _not_minikubes(path, profile, f"an object in {field}", part)
    return part


def _not_minikubes(path: pathlib.Path, profile: str, wanted: str, found: object) -> KuberError:
    return KuberError(
        f"Unexpected content in {path}", wanted=wanted, found=json.dumps(found)[:80], remedy=_anew(profile)
    )


def machine_name(profile: str, nodes: Sequence[Mapping[str, t.Any]], node: Mapping[str, t.Any]) -> str:
    """Return minikube's name for a machine (pkg/minikube/config/profile.go, MachineName)."""
    if len(nodes) == 1 or not node.get("Name"):
        return profile
    return f"{profile}-{node['Name']}"


def _read_node(
    home: pathlib.Path, profile: str, driver: str, nodes: Sequence[Mapping[str, t.Any]], node: Mapping[str, t.Any]
) -> ProfileNode:
    name = machine_name(profile, nodes, node)
    machine: dict[str, t.Any] = {}
    path = home / "machines" / name / "config.json"
    if driver not in BARE_METAL_DRIVERS:
        machine = _part(_read_json(path, profile), "Driver", path, profile)
    address = str(node.get("IP") or machine.get("IPAddress") or "")
    if not address:
        raise KuberError(
            f"minikube's node {name} has no address yet",
            wanted="an IP address in the profile or in the machine's file",
            remedy=f"Run `minikube start --profile {profile}` to complete it",
        )
    if not is_address(address):
        raise _not_minikubes(path, profile, f"an address of node {name}", address)
    ssh, problem = None, ""
    if driver in ENGINE_HOST_VARIABLES:
        port, problem = published_port(driver, profile, name)
        ssh = _ssh(home / "machines" / name, profile, driver, address, machine, published=port)
    elif driver not in BARE_METAL_DRIVERS:
        ssh = _ssh(home / "machines" / name, profile, driver, address, machine)
    return ProfileNode(name, address, bool(node.get("ControlPlane")), ssh, problem)


def _ssh(
    directory: pathlib.Path,
    profile: str,
    driver: str,
    address: str,
    machine: Mapping[str, t.Any],
    published: int | None = None,
) -> Ssh:
    """Return how to reach sshd; ``published`` is the port of a container."""
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
    """Return the key's path; the one in the file is outdated if the directory has moved."""
    own = directory / "id_rsa"
    if driver == "ssh" and given == "" and not own.exists():
        # `minikube start --driver=ssh` without --ssh-key.
        return str(pathlib.Path.home() / ".ssh" / "id_rsa")
    return str(given) if given and pathlib.Path(str(given)).exists() else str(own)


def _port(value: object, path: pathlib.Path, profile: str) -> int:
    if not isinstance(value, int) or not 0 < value < 65536:
        raise _not_minikubes(path, profile, "a port in SSHPort", value)
    return value


def _live_tunnels(registry: pathlib.Path, profile: str) -> list[int]:
    try:
        entries = json.loads(registry.read_text(encoding="utf-8") or "[]") or []
    except (OSError, ValueError):
        # No tunnel was ever started, or minikube is just writing the file.
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
    """Whether the process is running and, if that can be read, a tunnel rather than a later process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # It runs as another user: `sudo minikube tunnel` runs as root.
        pass
    try:
        return b"tunnel" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
