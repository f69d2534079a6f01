# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._rollout import picture
from ansible_collections.kuber.network.plugins.module_utils._rollout.timeline import (
    Answer,
    Moment,
    Pod,
    Second,
    Snapshot,
    Timeline,
    course,
    moments,
    shifted,
    tell,
)

OLD = Pod("web-old", new=False, ready=True)
NEW = Pod("web-new", new=True)
READY = Pod("web-new", new=True, ready=True)
LEAVING = Pod("web-old", new=False, ready=True, leaving=True)
# One pod: a new one comes, the old one goes, nobody notices.
BLUE_GREEN = [
    Snapshot(-1.0, (OLD,)),
    Snapshot(0.2, (NEW, OLD)),
    Snapshot(3.4, (OLD, READY)),
    Snapshot(3.5, (LEAVING, READY)),
    Snapshot(5.1, (READY,)),
]


def test_everything_that_happens_is_told_in_its_order() -> None:
    assert list(moments(BLUE_GREEN)) == [
        Moment(0.2, "new pod web-new is made"),
        Moment(3.4, "new pod web-new is ready"),
        Moment(3.5, "old pod web-old is told to end"),
        Moment(5.1, "old pod web-old is gone"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((), (READY,), ["new pod web-new is made", "new pod web-new is ready"]),
        ((READY,), (NEW,), ["new pod web-new is not ready any more"]),
        ((OLD,), (Pod("web-old", new=False, leaving=True),), ["old pod web-old is told to end"]),
        ((OLD,), (), ["old pod web-old is gone"]),
        ((OLD,), (OLD,), []),
    ],
)
def test_change_of_a_pod_is_told(before: tuple[Pod, ...], after: tuple[Pod, ...], expected: list[str]) -> None:
    assert [moment.what for moment in moments([Snapshot(0, before), Snapshot(1, after)])] == expected


def test_extremes_are_those_of_any_moment() -> None:
    gap = [Snapshot(-0.1, (OLD,)), Snapshot(0.1, (LEAVING,)), Snapshot(0.2, (LEAVING, NEW)), Snapshot(0.3, (READY,))]
    answers = [Answer(0.05, True, "200"), Answer(0.15, False, "refused"), Answer(0.25, False, "refused")]
    timeline = tell(gap, answers, seconds=0.3)
    assert (timeline.most_pods, timeline.fewest_available) == (1, 0)
    assert (timeline.answers, timeline.failed, timeline.failures) == (3, 2, {"refused": 2})
    assert timeline.course == (Second(0, old=0, new=0, unready=1, answers=3, failed=2),)


def test_second_shows_its_worst_moment() -> None:
    assert list(course(BLUE_GREEN, [Answer(0.5, True, "200"), Answer(4.9, False, "refused")])) == [
        Second(0, old=1, new=0, unready=1, answers=1, failed=0),
        Second(1, old=1, new=0, unready=1, answers=0, failed=0),
        Second(2, old=1, new=0, unready=1, answers=0, failed=0),
        Second(3, old=1, new=0, unready=1, answers=0, failed=0),
        Second(4, old=0, new=1, unready=0, answers=1, failed=1),
        Second(5, old=0, new=1, unready=0, answers=0, failed=0),
    ]


def test_result_can_be_written_as_json() -> None:
    dumped = tell(BLUE_GREEN, [], seconds=3.456).dump()
    assert dumped["seconds"] == 3.5
    assert dumped["events"][0] == {"at": 0.2, "what": "new pod web-new is made"}
    assert dumped["timeline"][0]["available"] == 1


PODS = st.lists(
    st.builds(Pod, st.sampled_from("abcdef"), st.booleans(), st.booleans(), st.booleans()),
    max_size=6,
    unique_by=lambda pod: pod.name,
).map(tuple)


@given(st.lists(st.tuples(st.floats(0, 40), PODS), min_size=1), st.lists(st.tuples(st.floats(0, 45), st.booleans())))
def test_nothing_is_lost(seen: list[tuple[float, tuple[Pod, ...]]], asked: list[tuple[float, bool]]) -> None:
    snapshots = [Snapshot(at, pods) for at, pods in sorted(seen, key=lambda one: one[0])]
    snapshots[0] = Snapshot(-1.0, snapshots[0].pods)
    answers = [Answer(at, ok, "") for at, ok in asked]
    timeline = tell(snapshots, answers, seconds=1)
    assert sum(one.answers for one in timeline.course) == len(asked)
    assert sum(one.failed for one in timeline.course) == timeline.failed
    assert min(one.available for one in timeline.course) >= timeline.fewest_available
    columns = picture.shrunk(timeline.course, 10)
    assert len(columns) <= 10
    assert sum(one.answers for one in columns) == len(asked)
    assert all(len(line) <= 100 for line in picture.draw(timeline, title="x", width=60)[2:-5])


def test_times_are_counted_from_the_beginning() -> None:
    assert [one.at for one in shifted([Answer(5, True, ""), Answer(7.5, True, "")], 5)] == [0, 2.5]


def timeline_of(snapshots: list[Snapshot], answers: list[Answer]) -> Timeline:
    return tell(snapshots, answers, seconds=3.4)


def test_picture_of_a_rollout() -> None:
    answers = [
        Answer(0.5, True, ""),
        Answer(1.5, True, ""),
        Answer(1.6, False, "refused"),
        Answer(3.5, False, "refused"),
    ]
    assert picture.draw(timeline_of(BLUE_GREEN, answers), title="blue-green", width=80) == [
        "blue-green",
        "",
        "       2 │░░░░",
        "       1 │▒▒▒▒██",
        "         └──────",
        " seconds  0    5",
        "requests  ·▴ ✗",
        "",
        "▒ old pod available   █ new pod available   ░ pod not ready",
        "· all requests answered   ▴ some failed   ✗ all failed",
        "",
        "most pods 2, fewest available 1, failed requests 2 of 4 (2 x refused), 3.4 s",
    ]


def test_pods_that_do_the_same_at_once_share_a_line() -> None:
    made = [
        Snapshot(-1, ()),
        Snapshot(0.21, (Pod("a", new=True), Pod("b", new=True))),
        Snapshot(2, (Pod("a", new=True),)),
    ]
    assert picture.events(timeline_of(made, [])) == ["   0.2 s  2 new pods are made", "   2.0 s  new pod b is gone"]


def test_rollouts_are_compared() -> None:
    results = [
        {"title": title, "strategy": {"max_surge": "100%", "max_unavailable": 0}, **timeline_of(BLUE_GREEN, []).dump()}
        for title in ("blue-green", "all at once")
    ]
    assert picture.table(results) == [
        "rollout      maxSurge  maxUnavailable  most pods  fewest available  requests failed  seconds",
        "blue-green       100%               0          2                 1           0 of 0      3.4",
        "all at once      100%               0          2                 1           0 of 0      3.4",
    ]
