# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What minikube keeps on disk about a profile, and what follows from it: nodes and the way to them."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
import pathlib
import subprocess
import typing as t
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence  # pragma: no cover

SSH_USER = "docker"
SSH_PORT = 22
LOOPBACK = "127.0.0.1"
# Nodes that are containers: sshd is published on a port of the machine that runs the engine. minikube takes its address
# from this variable, too (pkg/drivers/kic/oci/oci.go, DaemonHost).
ENGINE_HOST_VARIABLES = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
# The machine's address is not the way to its sshd: that is forwarded from a port of this machine
# (pkg/drivers/virtualbox/virtualbox.go, GetSSHHostname).
FORWARDING_DRIVERS = ("virtualbox",)
# With this driver the machine that runs minikube is the node.
BARE_METAL_DRIVERS = ("none", "native")
ENGINE_SECONDS = 20


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
        """Processes of ``minikube tunnel`` that are alive right now."""
        return _live_tunnels(pathlib.Path(self.home) / "tunnels.json", self.name)

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
    if name not in known_profiles(home):
        raise _unknown_profile(home, name)
    path = home / "profiles" / name / "config.json"
    config = _read_json(path)
    driver = str(config.get("Driver") or "")
    listed = config.get("Nodes") or []
    if not isinstance(listed, list) or not all(isinstance(node, dict) for node in listed):
        raise _not_minikubes(path, "a list of objects in Nodes", listed)
    nodes = tuple(_read_node(home, name, driver, listed, node) for node in listed)
    if not nodes:
        raise KuberError(
            f"Profile {name} of minikube has no nodes",
            wanted="at least one entry in Nodes",
            found=f"none in {path}",
            remedy=f"`minikube start --profile {name}` completes it",
        )
    kubernetes = _part(config, "KubernetesConfig", path)
    return Profile(
        name=name,
        home=str(home),
        driver=driver,
        container_runtime=str(kubernetes.get("ContainerRuntime") or ""),
        kubernetes_version=str(kubernetes.get("KubernetesVersion") or "").removeprefix("v"),
        addons=tuple(sorted(addon for addon, enabled in _part(config, "Addons", path).items() if enabled)),
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


def _read_json(path: pathlib.Path) -> dict[str, t.Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise KuberError(
            f"{path} cannot be read",
            wanted="the JSON that minikube writes",
            found=str(exc),
            remedy="`minikube start` writes it anew",
        ) from exc
    if not isinstance(content, dict):
        raise _not_minikubes(path, "an object", content)
    return content


def _part(content: Mapping[str, t.Any], field: str, path: pathlib.Path) -> dict[str, t.Any]:
    part = content.get(field) or {}
    if not isinstance(part, dict):
        raise _not_minikubes(path, f"an object in {field}", part)
    return part


def _not_minikubes(path: pathlib.Path, wanted: str, found: object) -> KuberError:
    return KuberError(
        f"{path} is not what minikube writes",
        wanted=wanted,
        found=json.dumps(found)[:80],
        remedy="`minikube start` writes it anew",
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
        machine = _part(_read_json(path), "Driver", path)
    address = str(node.get("IP") or machine.get("IPAddress") or "")
    if not address:
        raise KuberError(
            f"Node {name} of minikube has no address yet",
            wanted="an IP in the profile or in the machine's file",
            remedy=f"`minikube start --profile {profile}` completes it",
        )
    if not _is_address(address):
        raise _not_minikubes(path, f"an address of node {name}", address)
    ssh = None if driver in BARE_METAL_DRIVERS else _ssh(home / "machines" / name, driver, address, machine)
    return Node(name=name, address=address, control_plane=bool(node.get("ControlPlane")), ssh=ssh)


def _ssh(directory: pathlib.Path, driver: str, address: str, machine: Mapping[str, t.Any]) -> Ssh:
    if driver in ENGINE_HOST_VARIABLES:
        host, port = engine_host(driver, os.environ), _published_port(driver, directory.name)
    else:
        host = LOOPBACK if driver in FORWARDING_DRIVERS else str(machine.get("IPAddress") or address)
        port = _port(machine.get("SSHPort") or SSH_PORT, directory / "config.json")
    # The path in the file is that of the day the machine was made: the directory may have moved since.
    given = str(machine.get("SSHKeyPath") or "")
    return Ssh(
        host=host,
        port=port,
        user=str(machine.get("SSHUser") or SSH_USER),
        key_file=given if given and pathlib.Path(given).exists() else str(directory / "id_rsa"),
        known_hosts=str(directory / "known_hosts"),
    )


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def _port(value: object, path: pathlib.Path) -> int:
    if not isinstance(value, int) or not 0 < value < 65536:
        raise _not_minikubes(path, "a port in SSHPort", value)
    return value


def engine_host(driver: str, environment: Mapping[str, str]) -> str:
    """The machine on which the container engine publishes ports."""
    return urllib.parse.urlsplit(environment.get(ENGINE_HOST_VARIABLES[driver], "")).hostname or LOOPBACK


def _published_port(engine: str, container: str) -> int:
    argv = [engine, "port", container, f"{SSH_PORT}/tcp"]
    # minikube itself runs podman by sudo, unless it was told that podman runs rootless.
    tries = [argv, ["sudo", "-n", *argv]] if engine == "podman" and os.geteuid() != 0 else [argv]
    problems = []
    for attempt in tries:
        try:
            done = subprocess.run(attempt, capture_output=True, text=True, check=False, timeout=ENGINE_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as exc:
            problems.append(str(exc))
            continue
        port = parse_published_port(done.stdout) if done.returncode == 0 else None
        if port is not None:
            return port
        problems.append(done.stderr.strip() or f"`{' '.join(attempt)}` printed no port")
    raise KuberError(
        f"Node {container} cannot be reached: {engine} publishes no SSH port of it",
        wanted=f"a running container {container} with port {SSH_PORT} published",
        found="; ".join(problems),
        remedy="Start the cluster (`minikube start`), and see that this user may use " + engine,
    )


def parse_published_port(text: str) -> int | None:
    """The port in what ``docker port`` prints, such as ``127.0.0.1:32768`` or ``[::1]:32768``."""
    for line in text.splitlines():
        port = line.strip().rpartition(":")[2]
        if port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536:
            return int(port)
    return None


def _live_tunnels(registry: pathlib.Path, profile: str) -> list[int]:
    try:
        entries = json.loads(registry.read_text(encoding="utf-8") or "[]") or []
    except (OSError, ValueError):
        # No tunnel has ever been started, or minikube is writing the file this very moment.
        return []
    pids = [int(entry["Pid"]) for entry in entries if entry.get("MachineName") == profile and entry.get("Pid")]
    return sorted(pid for pid in set(pids) if _is_tunnel(pid))


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
