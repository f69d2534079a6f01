# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the engine takes for unchanged, the API server must take for unchanged too.

Objects of many kinds are generated, others edit them behind our back, and what is wanted of them changes. Each time our
verdict is compared with what the server's own dry run makes of the same apply.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import json
import typing as t

import yaml

from ansible_collections.kuber.network.plugins.module_utils._api.transport import ApiError, Client
from ansible_collections.kuber.network.plugins.module_utils._kube import fieldset
from ansible_collections.kuber.network.plugins.module_utils._kube.discovery import Kinds
from ansible_collections.kuber.network.plugins.module_utils._kube.read import read_all
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Item, Ref
from ansible_collections.kuber.network.plugins.module_utils._kube.schema import schema_of
from ansible_collections.kuber.network.tests.unit.plugins.module_utils._kube.generator import (
    APPLY,
    MANAGER,
    Body,
    Others,
    Subject,
    subjects,
)

ROUNDS = 5
KINDS_AT_LEAST = 25
CASES_AT_LEAST = 3000
# How many of the cases in which nothing would change must be proved, of all together and of any one kind.
PROVED_AT_LEAST = 0.8
PROVED_OF_A_KIND = 0.5


@dataclasses.dataclass(frozen=True)
class Case:
    kind: str
    doubt: str | None
    unchanged: bool
    story: str = ""


class Comparison:
    """Our verdicts and the server's, side by side."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._definitions: t.Mapping[str, Body | None] = {}
        self.subjects = subjects(client, namespace)
        self._pool = concurrent.futures.ThreadPoolExecutor(max_workers=8)

    def each(self, act: t.Callable[[Subject], t.Any]) -> None:
        list(self._pool.map(act, self.subjects))

    def compare_all(self) -> list[Case]:
        return [case for some in self._pool.map(self._compare, self.subjects, self._read()) for case in some]

    def create(self, subject: Subject) -> None:
        """With values that the server takes, in the end the fewest possible."""
        for share in (0.35, 0.25, 0.15, 0.05, 0.0):
            subject.picks = subject.some_picks(share)
            try:
                return self._apply(subject, subject.picks)
            except ApiError as exc:
                refusal = exc
        raise AssertionError(f"no {subject.kind} can be created") from refusal

    def _compare(self, subject: Subject, live: Body) -> list[Case]:
        """What is wanted as before, and what is wanted otherwise, one of which then becomes true."""
        variants = [subject.picks, subject.other_picks(), subject.other_picks()]
        cases = [self._case(subject, picks, live) for picks in variants]
        wanted = subject.random.choice(variants)
        if subject.random.random() < 0.7:
            with contextlib.suppress(ApiError):
                self._apply(subject, wanted)
                subject.picks = wanted
        return cases

    def _read(self) -> list[Body]:
        """The live objects, read as the engine does."""
        items = [Item(Ref.of(one.base), one.base, one.resource, "") for one in self.subjects]
        seen = read_all(self._client, Kinds(self._client), items)
        self._definitions = seen.definitions
        return [t.cast("Body", seen.live[item.ref]) for item in items]

    def _case(self, subject: Subject, picks: Body, live: Body) -> Case:
        wanted = subject.body(picks)
        while True:
            shape = schema_of(subject.resource, self._definitions)
            doubt = fieldset.why_not_noop(wanted, live, manager=MANAGER, shape=shape)
            answer = self._dry_run(subject, wanted)
            unchanged = answer is not None and _essence(answer) == _essence(live)
            if doubt or unchanged:
                return Case(subject.kind, doubt, unchanged)
            # Unless a controller has been there between the reading and the dry run.
            now = self._client.get(subject.path)
            if now["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]:
                story = {"wanted": wanted, "live": live, "answer": answer}
                return Case(subject.kind, doubt, unchanged, yaml.safe_dump(story))
            live = now

    def _dry_run(self, subject: Subject, wanted: Body) -> Body | None:
        try:
            return t.cast("Body", self._send(subject, wanted, dryRun="All"))
        except ApiError:
            return None

    def _apply(self, subject: Subject, picks: Body) -> None:
        self._send(subject, subject.body(picks))

    def _send(self, subject: Subject, body: Body, **query: str) -> t.Any:
        query |= {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict"}
        return self._client.request("PATCH", subject.path, query=query, body=body, content_type=APPLY)


def test_no_proof_is_wrong_and_most_that_is_unchanged_is_proved(api_server: t.Any, namespace: str) -> None:
    # What the server remarks on odd values is not for the ears of the other tests.
    client = Client.from_kubeconfig(kubeconfig=str(api_server.kubeconfig), context="loopback")
    comparison = Comparison(client, namespace)
    others = Others(client)

    def act(subject: Subject) -> None:
        with contextlib.suppress(ApiError):
            others.act(subject)

    comparison.each(comparison.create)
    cases: list[Case] = []
    for number in range(ROUNDS):
        if number:
            comparison.each(act)
        cases += comparison.compare_all()
    wrong = [case for case in cases if case.doubt is None and not case.unchanged]
    assert not wrong, f"{len(wrong)} of {len(cases)} wrong, such as {wrong[0].story}"
    assert len(cases) >= CASES_AT_LEAST
    assert len({case.kind for case in cases}) >= KINDS_AT_LEAST
    _assert_most_are_proved([case for case in cases if case.unchanged])


def _assert_most_are_proved(unchanged: list[Case]) -> None:
    by_kind = collections.defaultdict(list)
    for case in unchanged:
        by_kind[case.kind].append(case.doubt)
    doubts = collections.Counter((case.kind, case.doubt) for case in unchanged if case.doubt)
    proved = sum(case.doubt is None for case in unchanged) / len(unchanged)
    print(f"{len(unchanged)} unchanged, {proved:.0%} proved; doubts: {doubts.most_common(20)}")
    assert proved >= PROVED_AT_LEAST
    for kind, found in by_kind.items():
        assert found.count(None) / len(found) >= PROVED_OF_A_KIND, (kind, collections.Counter(found))


def _essence(body: Body) -> Body:
    """All but what moves with every write: the version, and when a manager was there."""
    metadata = {
        key: value for key, value in body["metadata"].items() if key not in ("resourceVersion", "managedFields")
    }
    entries = [
        {key: value for key, value in one.items() if key != "time"} for one in body["metadata"].get("managedFields", [])
    ]
    metadata["managedFields"] = sorted(json.dumps(one, sort_keys=True) for one in entries)
    return {**body, "metadata": metadata}
