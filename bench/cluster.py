# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API server that is measured against, what it counts, and how it is swept between two tools."""

from __future__ import annotations

import collections
import contextlib
import json
import pathlib
import ssl
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.kubeconfig import Access
from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.tests.unit import control_plane
from ansible_collections.kuber.network.tests.unit.control_plane import User

from . import objects
from .usage import FailedError

TESTER = User("tester", "for-the-tools-on-loopback")
KEEPER = User("keeper", "for-the-harness-on-loopback")
# One line for each request of the tools, written before the answer is complete; nothing of anybody else.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "omitManagedFields": True,
    "rules": [{"level": "Metadata", "users": [TESTER.name]}, {"level": "None"}],
}
BESIDE = f"namespaces/{objects.NAMESPACE}"
COLLECTIONS = (
    f"/api/v1/{BESIDE}/configmaps",
    f"/api/v1/{BESIDE}/services",
    f"/apis/apps/v1/{BESIDE}/deployments",
    f"/apis/rbac.authorization.k8s.io/v1/{BESIDE}/roles",
    f"/apis/rbac.authorization.k8s.io/v1/{BESIDE}/rolebindings",
    f"/apis/{objects.GROUP}/v1/{BESIDE}/gadgets",
)
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
DEFINITION = f"{DEFINITIONS}/gadgets.{objects.GROUP}"
SETTLE_SECONDS = 3.0
LAST_LINE_SECONDS = 0.2
READY_SECONDS = 60.0


class Cluster:
    """One API server with nothing in it but what the tools bring."""

    def __init__(self, binaries: pathlib.Path, home: pathlib.Path, stack: contextlib.ExitStack) -> None:
        policy = home / "audit.json"
        policy.write_text(json.dumps(AUDIT_POLICY))
        self._audit = home / "audit.log"
        flags = [
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self._audit}",
            "--audit-log-mode=blocking",
            # Never rotated: requests are counted from where the file ended before.
            "--audit-log-maxsize=100000",
            "--delete-collection-workers=8",
        ]
        # Controllers would work on what a tool has brought while the next one is measured.
        self.api = control_plane.start(binaries, home, stack, users=[TESTER, KEEPER], flags=flags, controllers=())
        self.user = TESTER
        self._client = Client(self._access, timeout=120)
        self._prepare()

    def _access(self) -> Access:
        return Access(
            server=self.api.server,
            context="keeper",
            namespace=objects.NAMESPACE,
            headers={"Authorization": f"Bearer {KEEPER.token}"},
            tls=ssl.create_default_context(cafile=str(self.api.ca)),
            tls_server_name=None,
            proxy=None,
        )

    def _prepare(self) -> None:
        self._client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": objects.NAMESPACE}})
        # kubectl cannot bring a kind along with its objects: the kind is there before, for all alike.
        self._client.request("POST", DEFINITIONS, body=objects.definition())
        deadline = time.monotonic() + READY_SECONDS
        while not self._serves_gadgets():
            if time.monotonic() > deadline:
                raise FailedError(f"the API server does not serve Gadgets after {READY_SECONDS:.0f} s")
            time.sleep(0.2)
        # The API server is still busy with the description of the new kind.
        time.sleep(SETTLE_SECONDS)
        self._records = self._client.get(DEFINITION)["metadata"]["managedFields"]

    def _serves_gadgets(self) -> bool:
        return any(one["name"] == objects.GROUP for one in self._client.get("/apis")["groups"])

    def sweep(self) -> None:
        """Remove what was applied, and who has applied the definition."""
        for path in COLLECTIONS:
            self._client.request("DELETE", path)
        # Not just no records: those that the server would make up then, a later run would have to take over.
        back: objects.Body = {"metadata": {"managedFields": self._records}}
        self._client.request("PATCH", DEFINITION, body=back, content_type="application/merge-patch+json")

    def verify(self, count: int, revision: int) -> None:
        """Refuse to go on when the objects are not there, or not of that revision."""
        found = 1 + sum(self._count(path) for path in COLLECTIONS)
        if found != count:
            raise FailedError(f"{found} objects are there, not {count}")
        changed = self._client.get(f"{COLLECTIONS[1]}/app-1")["metadata"]["annotations"][objects.REVISION]
        if changed != str(revision):
            raise FailedError(f"Service app-1 is of revision {changed}, not {revision}")

    def _count(self, path: str) -> int:
        answer = self._client.get(path, limit=1)
        return len(answer["items"]) + int(answer["metadata"].get("remainingItemCount", 0))

    @contextlib.contextmanager
    def counting(self) -> t.Iterator[collections.Counter[str]]:
        """Counts by verb the requests that reach the server meanwhile."""
        verbs: collections.Counter[str] = collections.Counter()
        start = self._audit.stat().st_size
        yield verbs
        time.sleep(LAST_LINE_SECONDS)
        with self._audit.open("rb") as log:
            log.seek(start)
            verbs.update(json.loads(line)["verb"] for line in log)
