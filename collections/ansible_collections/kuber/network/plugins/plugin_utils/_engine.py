# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Find the port on which a container engine publishes the sshd of a node."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
import urllib.parse

if t.TYPE_CHECKING:
    from collections.abc import Mapping  # pragma: no cover

SSH_PORT = 22
LOOPBACK = "127.0.0.1"
# The engine publishes sshd of a node on a port of its machine. minikube reads the machine's address
# from this variable as well (pkg/drivers/kic/oci/oci.go, DaemonHost).
ENGINE_HOST_VARIABLES = {"docker": "DOCKER_HOST", "podman": "CONTAINER_HOST"}
ENGINE_SECONDS = 20
# Variables that `eval $(minikube docker-env)` and `podman-env` set, with the variable that marks them.
LED_INTO_THE_NODE = {
    "docker": ("MINIKUBE_ACTIVE_DOCKERD", ("DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY")),
    "podman": ("MINIKUBE_ACTIVE_PODMAN", ("CONTAINER_HOST", "CONTAINER_SSHKEY")),
}


def engine_environment(driver: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the host's engine: `minikube docker-env` selects the node's, and saves the old values
    (pkg/drivers/kic/oci/oci.go, PointToHostDockerDaemon)."""
    active, names = LED_INTO_THE_NODE[driver]
    result = dict(environment)
    if environment.get(active):
        for name in names:
            before = environment.get(f"MINIKUBE_EXISTING_{name}")
            result.pop(name, None)
            result |= {name: before} if before else {}
    return result


def engine_host(driver: str, environment: Mapping[str, str]) -> str:
    """Return the machine on which the container engine publishes ports."""
    address = engine_environment(driver, environment).get(ENGINE_HOST_VARIABLES[driver], "")
    return urllib.parse.urlsplit(address).hostname or LOOPBACK


def engine_info(engine: str) -> dict[str, t.Any]:
    """What the engine tells of itself; nothing where it does not answer."""
    try:
        done = subprocess.run(
            [engine, "info", "--format", "{{json .}}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=ENGINE_SECONDS,
            env=engine_environment(engine, os.environ),
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {}
    return found if isinstance(found, dict) else {}


def published_port(engine: str, profile: str, container: str) -> tuple[int, str]:
    """Return the published port of a container's sshd, or 0 and the reason."""
    argv = [engine, "port", container, f"{SSH_PORT}/tcp"]
    environment = engine_environment(engine, os.environ)
    # minikube runs podman with sudo, unless it is configured for rootless podman.
    tries = [argv, ["sudo", "-n", *argv]] if engine == "podman" and os.geteuid() != 0 else [argv]
    problems = []
    for attempt in tries:
        try:
            done = subprocess.run(
                attempt, capture_output=True, text=True, check=False, timeout=ENGINE_SECONDS, env=environment
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            problems.append(str(exc))
            continue
        port = parse_published_port(done.stdout) if done.returncode == 0 else None
        if port is not None:
            return port, ""
        problems.append(done.stderr.strip() or f"`{' '.join(attempt)}` printed no port")
    return SSH_PORT, (
        f"{engine} publishes no SSH port for container {container} ({'; '.join(problems)}): it is stopped, or "
        f"this user may not use {engine}. Run `minikube start --profile {profile}` to start it"
    )


def parse_published_port(text: str) -> int | None:
    """Parse the output of ``docker port``, such as ``127.0.0.1:32768`` or ``[::1]:32768``."""
    for line in text.splitlines():
        port = line.strip().rpartition(":")[2]
        if port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536:
            return int(port)
    return None
