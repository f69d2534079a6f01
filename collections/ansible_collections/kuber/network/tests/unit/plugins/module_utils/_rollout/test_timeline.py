# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._rollout import picture, svg
from ansible_collections.kuber.network.plugins.module_utils._rollout.timeline import (
    Moment,
    Phases,
    PodState,
    Response,
    Second,
    Snapshot,
    Timeline,
    course,
    moments,
    shifted,
    tell,
)

OLD = PodState("web-old", new=False, ready=True)
NEW = PodState("web-new", new=True)
READY = PodState("web-new", new=True, ready=True)
LEAVING = PodState("web-old", new=False, ready=True, leaving=True)
# One pod: a new one comes, the old one goes, nobody notices.
BLUE_GREEN = [
    Snapshot(-1.0, (OLD,)),
    Snapshot(0.2, (NEW, OLD)),
    Snapshot(3.4, (OLD, READY)),
    Snapshot(3.5, (LEAVING, READY)),
    Snapshot(5.1, (READY,)),
]


def test_everything_that_happens_is_reported_in_its_order() -> None:
    assert list(moments(BLUE_GREEN)) == [
        Moment(0.2, "new pod web-new is created"),
        Moment(3.4, "new pod web-new is ready"),
        Moment(3.5, "old pod web-old is terminating"),
        Moment(5.1, "old pod web-old has terminated"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((), (READY,), ["new pod web-new is created", "new pod web-new is ready"]),
        ((READY,), (NEW,), ["new pod web-new is no longer ready"]),
        ((OLD,), (PodState("web-old", new=False, leaving=True),), ["old pod web-old is terminating"]),
        ((OLD,), (), ["old pod web-old has terminated"]),
        ((OLD,), (OLD,), []),
    ],
)
def test_change_of_a_pod_is_reported(
    before: tuple[PodState, ...], after: tuple[PodState, ...], expected: list[str]
) -> None:
    assert [moment.what for moment in moments([Snapshot(0, before), Snapshot(1, after)])] == expected


def test_extremes_are_those_of_any_moment() -> None:
    gap = [Snapshot(-0.1, (OLD,)), Snapshot(0.1, (LEAVING,)), Snapshot(0.2, (LEAVING, NEW)), Snapshot(0.3, (READY,))]
    answers = [Response(0.05, True, "200"), Response(0.15, False, "refused"), Response(0.25, False, "refused")]
    timeline = tell(gap, answers, seconds=0.3)
    assert (timeline.most_pods, timeline.fewest_available) == (1, 0)
    assert (timeline.answers, timeline.failed, timeline.failures) == (3, 2, {"refused": 2})
    assert timeline.course == (Second(0, old=Phases(leaving=1), new=Phases(unready=1), answers=3, failed=2),)


def test_second_shows_its_worst_moment() -> None:
    assert list(course(BLUE_GREEN, [Response(0.5, True, "200"), Response(4.9, False, "refused")])) == [
        Second(0, old=Phases(available=1), new=Phases(unready=1), answers=1),
        Second(1, old=Phases(available=1), new=Phases(unready=1)),
        Second(2, old=Phases(available=1), new=Phases(unready=1)),
        Second(3, old=Phases(available=1), new=Phases(unready=1)),
        Second(4, old=Phases(leaving=1), new=Phases(available=1), answers=1, failed=1),
        Second(5, old=Phases(leaving=1), new=Phases(available=1)),
    ]


def test_result_can_be_written_as_json() -> None:
    dumped = tell(BLUE_GREEN, [], seconds=3.456).dump()
    assert dumped["seconds"] == 3.5
    assert dumped["events"][0] == {"at": 0.2, "what": "new pod web-new is created"}
    assert dumped["timeline"][4] == {
        "second": 4,
        "old": {"available": 0, "unready": 0, "leaving": 1},
        "new": {"available": 1, "unready": 0, "leaving": 0},
        "available": 1,
        "answers": 0,
        "failed": 0,
    }


PODS = st.lists(
    st.builds(PodState, st.sampled_from("abcdef"), st.booleans(), st.booleans(), st.booleans()),
    max_size=6,
    unique_by=lambda pod: pod.name,
).map(tuple)


@given(st.lists(st.tuples(st.floats(0, 40), PODS), min_size=1), st.lists(st.tuples(st.floats(0, 45), st.booleans())))
def test_nothing_is_lost(seen: list[tuple[float, tuple[PodState, ...]]], asked: list[tuple[float, bool]]) -> None:
    snapshots = [Snapshot(at, pods) for at, pods in sorted(seen, key=lambda one: one[0])]
    snapshots[0] = Snapshot(-1.0, snapshots[0].pods)
    answers = [Response(at, ok, "") for at, ok in asked]
    timeline = tell(snapshots, answers, seconds=1)
    assert sum(one.answers for one in timeline.course) == len(asked)
    assert sum(one.failed for one in timeline.course) == timeline.failed
    assert min(one.available for one in timeline.course) >= timeline.fewest_available
    columns = picture.shrunk(timeline.course, 10)
    assert len(columns) <= 10
    assert sum(one.answers for one in columns) == len(asked)
    assert all(len(line) <= 100 for line in picture.draw(timeline, title="x", width=60)[2:-5])


def test_times_are_counted_from_the_beginning() -> None:
    assert [one.at for one in shifted([Response(5, True, ""), Response(7.5, True, "")], 5)] == [0, 2.5]


def timeline_of(snapshots: list[Snapshot], answers: list[Response]) -> Timeline:
    return tell(snapshots, answers, seconds=3.4)


def test_picture_of_a_rollout() -> None:
    answers = [
        Response(0.5, True, ""),
        Response(1.5, True, ""),
        Response(1.6, False, "refused"),
        Response(3.5, False, "refused"),
    ]
    assert picture.draw(timeline_of(BLUE_GREEN, answers), title="blue-green", width=80) == [
        "blue-green",
        "",
        "       2 │░░░░┊┊",
        "       1 │▒▒▒▒██",
        "         └──────",
        " seconds  0    5",
        "requests  ·▴ ✗",
        "",
        "▒ old pod available   █ new pod available   ░ pod not ready   ┊ pod terminating",
        "· all requests answered   ▴ some failed   ✗ all failed",
        "",
        "most pods 2, fewest available 1, failed requests 2 of 4 (2 x refused), 3.4 s",
    ]


def test_pods_that_do_the_same_at_once_share_a_line() -> None:
    made = [
        Snapshot(-1, ()),
        Snapshot(0.21, (PodState("a", new=True), PodState("b", new=True))),
        Snapshot(2, (PodState("a", new=True),)),
    ]
    assert picture.events(timeline_of(made, [])) == [
        "   0.2 s  2 new pods are created",
        "   2.0 s  new pod b has terminated",
    ]


def result_of(title: str, answers: list[Response], **strategy: object) -> dict[str, object]:
    return {
        "title": title,
        "strategy": {"type": "RollingUpdate", "max_surge": "100%", "max_unavailable": 0} | strategy,
        "bounds": {"most_pods": 2, "fewest_available": 1},
        **timeline_of(BLUE_GREEN, answers).dump(),
    }


def test_rollouts_are_compared() -> None:
    results = [result_of("blue-green", []), result_of("recreate", [], type="Recreate", max_surge=None)]
    assert picture.table(results) == [
        "rollout     strategy                             most pods  fewest available  requests failed  seconds",
        "blue-green  maxSurge 100%, maxUnavailable 0  2 (allowed 2)     1 (allowed 1)           0 of 0      3.4",
        "recreate    Recreate                         2 (allowed 2)     1 (allowed 1)           0 of 0      3.4",
    ]


def test_svg_has_a_pod_for_each_pod_and_second() -> None:
    answers = [Response(1.5, True, ""), Response(1.6, False, "refused")]
    drawn = svg.draw([result_of("one", []), result_of("<b>two</b>", answers)])
    shapes = list(ElementTree.fromstring(drawn).iter())
    looks = [shape.get("class", "") for shape in shapes]
    # In each of both: five seconds or six as in the picture of letters, and one in the legend.
    assert looks.count("pods old available") == 2 * 4 + 1
    assert looks.count("pods new available") == 2 * 2 + 1
    assert looks.count("pods new unready") == 2 * 4 + 1
    assert looks.count("pods old leaving") == 2 * 2 + 1
    assert looks.count("failed") == 1 + 1
    texts = [shape.text for shape in shapes if shape.tag.endswith("text")]
    assert {"<b>two</b>", "at most 2", "at least 1"} <= set(texts)
    assert "1 of 2 requests answered" in [shape.text for shape in shapes if shape.tag.endswith("title")]
