# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The limit: the set's objects as server-side applies over as many connections as ours has, and nothing else."""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import json
import pathlib
import typing as t

import urllib3

PARALLEL = 8
PLURALS = {
    "ConfigMap": "configmaps",
    "CustomResourceDefinition": "customresourcedefinitions",
    "Deployment": "deployments",
    "Gadget": "gadgets",
    "Role": "roles",
    "RoleBinding": "rolebindings",
    "Service": "services",
}


def path_to(body: dict[str, t.Any]) -> str:
    api, metadata = body["apiVersion"], body["metadata"]
    parts = ["/apis" if "/" in api else "/api", api]
    if "namespace" in metadata:
        parts += ["namespaces", metadata["namespace"]]
    return "/".join([*parts, PLURALS[body["kind"]], metadata["name"]])


def apply(pool: urllib3.PoolManager, server: str, headers: dict[str, str], query: str, body: dict[str, t.Any]) -> None:
    data = json.dumps(body).encode()
    answer = pool.request("PATCH", f"{server}{path_to(body)}?{query}", body=data, headers=headers)
    if answer.status >= 300:
        raise SystemExit(f"{path_to(body)}: {answer.status} {answer.data.decode()}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("ca")
    parser.add_argument("token")
    parser.add_argument("set", type=pathlib.Path)
    parser.add_argument("--dry-run", action="store_true")
    given = parser.parse_args()
    headers = {"Authorization": f"Bearer {given.token}", "Content-Type": "application/apply-patch+yaml"}
    query = "fieldManager=bare&force=true" + ("&dryRun=All" if given.dry_run else "")
    pool = urllib3.PoolManager(maxsize=PARALLEL, block=True, ca_certs=given.ca)
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as threads:
        send = functools.partial(apply, pool, given.server, headers, query)
        list(threads.map(send, json.loads(given.set.read_text())))


if __name__ == "__main__":
    main()
