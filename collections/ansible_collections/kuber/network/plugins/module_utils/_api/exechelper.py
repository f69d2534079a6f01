# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Credentials that a program makes: the exec plugins of client-go (client.authentication.k8s.io)."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.configfiles import Entry

GROUP = "client.authentication.k8s.io/"
# How many of a helper's own words an error repeats.
MOST_CHARACTERS = 1000
# What a helper is told of the cluster if it asks for it, beside the certificate authority.
DESCRIBED = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url")


def run(user: Entry, cluster: Entry, environ: t.Mapping[str, str]) -> dict[str, str]:
    """The status of the ExecCredential that the helper of a user prints: a token, a certificate with its key, or both.

    What is wrong raises ``ValueError``; it names the helper and repeats what that has said.
    """
    config: dict[str, t.Any] = user.body["exec"]
    command, version = config.get("command"), str(config.get("apiVersion"))
    if not command or not version.startswith(GROUP):
        raise ValueError(f"exec of {user} needs a command, and an apiVersion such as {GROUP}v1")
    if config.get("interactiveMode") == "Always":
        raise ValueError(f"the credential helper {command} of {user} needs a terminal (interactiveMode: Always)")
    if os.sep in command:
        command = str(user.beside(command))
    argv = [command, *map(str, config.get("args") or [])]
    return _status(_output(argv, _environment(config, cluster, environ), user), command, version)


def _environment(config: dict[str, t.Any], cluster: Entry, environ: t.Mapping[str, str]) -> dict[str, str]:
    given = {str(one["name"]): str(one.get("value", "")) for one in config.get("env") or [] if one.get("name")}
    spec: dict[str, t.Any] = {"interactive": False}
    if config.get("provideClusterInfo"):
        spec["cluster"] = _described(cluster)
    info = {"apiVersion": config["apiVersion"], "kind": "ExecCredential", "spec": spec}
    return {**environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(info)}


def _described(cluster: Entry) -> dict[str, t.Any]:
    """A cluster as ExecCredential has it."""
    body = cluster.body
    found = {name: body[name] for name in DESCRIBED if body.get(name)}
    if authority := cluster.content("certificate-authority"):
        found["certificate-authority-data"] = base64.b64encode(authority).decode()
    for one in body.get("extensions") or []:
        if one.get("name") == f"{GROUP}exec":
            found["config"] = one.get("extension")
    return found


def _output(argv: list[str], environ: dict[str, str], user: Entry) -> str:
    config = user.body["exec"]
    hint = f". {config['installHint'].strip()}" if config.get("installHint") else ""
    try:
        done = subprocess.run(
            argv, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as exc:
        raise ValueError(f"the credential helper {argv[0]} of {user} cannot be run: {exc.strerror}{hint}") from exc
    if done.returncode:
        said = " ".join(done.stderr.split())[-MOST_CHARACTERS:] or "nothing"
        raise ValueError(
            f"the credential helper {argv[0]} of {user} failed with exit code {done.returncode}; it said: {said}"
        )
    return done.stdout


def _status(output: str, command: str, version: str) -> dict[str, str]:
    """The credentials in the helper's output, which is not shown: it may hold a part of them."""
    try:
        answer = json.loads(output)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
        raise ValueError(f"the credential helper {command} printed no ExecCredential in JSON")
    if answer.get("apiVersion") != version:
        found = answer.get("apiVersion")
        raise ValueError(f"the credential helper {command} answered in version {found}; expected: {version}")
    status = answer.get("status")
    names = ("token", "clientCertificateData", "clientKeyData")
    made = {name: status[name] for name in names if status.get(name)} if isinstance(status, dict) else {}
    if not made or ("clientCertificateData" in made) != ("clientKeyData" in made):
        raise ValueError(f"the credential helper {command} printed neither a token nor a certificate with its key")
    return made
