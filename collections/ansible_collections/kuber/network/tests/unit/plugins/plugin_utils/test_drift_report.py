# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime
import itertools
import re
import typing as t

import pytest

from ansible_collections.kuber.network.plugins.plugin_utils._drift_report import HEADINGS, DriftReport, TaskOnHost

NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
WEB = TaskOnHost("localhost", "Web application", "kuber.network.web_app", "Set up the application web and its service")
NODE = TaskOnHost("minikube", "Rules on the nodes", None, "Remove what other modes left behind")
IMAGE = "spec.template.spec.containers[name=web].image"


def entry(thing: str, *, action: str = "configured", **details: t.Any) -> dict[str, t.Any]:
    return {"thing": thing, "action": action, "fields": [], "removed": [], "added": []} | details


def report(*results: tuple[TaskOnHost, list[dict[str, t.Any]]]) -> DriftReport:
    made = DriftReport(NOW)
    for place, drift in results:
        made.add(place, {"changed": True, "drift": drift})
    return made


def field(name: str, minutes: int) -> dict[str, str]:
    return {"field": name, "manager": "kubectl-edit", "time": f"2026-11-24T11:{60 - minutes}:00Z"}


TYPICAL = report(
    (
        WEB,
        [
            entry("Deployment default/web", fields=[field("spec.replicas", 3), field(IMAGE, 5)]),
            entry("Service default/web-svc", action="created"),
        ],
    ),
    (NODE, [entry("IPv4 rules", removed=["-t nat -N KUBE-SVC-PLANTED"])]),
)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_each_row_says_what_and_who_and_when() -> None:
    assert TYPICAL.table(width=120, now=NOW) == [
        f"  {'thing':23}  {'action':10}  {'what differs':45}  changed by",
        "localhost: Web application: Set up the application web and its service",
        f"  {'Deployment default/web':23}  configured  {'spec.replicas':45}  kubectl-edit, 3 min ago",
        f"  {'':23}  {'':10}  {IMAGE}  kubectl-edit, 5 min ago",
        "  Service default/web-svc  created",
        "minikube: Rules on the nodes: Remove what other modes left behind",
        f"  {'IPv4 rules':23}  configured  - -t nat -N KUBE-SVC-PLANTED",
    ]


@pytest.mark.parametrize("width", [60, 79, 100, 200])
def test_a_table_keeps_to_the_width_and_loses_nothing(width: int) -> None:
    heading, *rows = TYPICAL.table(width=width, now=NOW)
    assert max(map(len, [heading, *rows])) <= width
    starts = [heading.index(title) for title in HEADINGS]
    ends = [*starts[1:], width]
    columns = [
        squeezed("".join(row[start:end] for row in rows if row.startswith("  ")))
        for start, end in zip(starts, ends, strict=True)
    ]
    # Cells are broken over lines, so a column is read downwards.
    assert columns == [
        squeezed("Deployment default/web Service default/web-svc IPv4 rules"),
        "configuredcreatedconfigured",
        squeezed(f"spec.replicas {IMAGE} - -t nat -N KUBE-SVC-PLANTED"),
        squeezed("kubectl-edit, 3 min ago kubectl-edit, 5 min ago"),
    ]


def test_names_are_broken_between_their_parts() -> None:
    made = report((WEB, [entry("Deployment default/web", fields=[field(IMAGE, 3)])]))
    heading, _task, *rows = made.table(width=79, now=NOW)
    start, end = (heading.index(title) for title in HEADINGS[2:])
    cells = [row[start:end].strip() for row in rows if row[start:end].strip()]
    assert len(cells) > 1
    assert "".join(cells) == IMAGE
    assert all(one[-1] == "." or other[0] == "[" for one, other in itertools.pairwise(cells))


def test_a_thing_with_many_lines_is_cut_in_the_table_only() -> None:
    lines = [f"-t nat -N KUBE-SVC-{number}" for number in range(100)]
    made = report((NODE, [entry("IPv4 rules", removed=lines)]))
    shown = made.table(width=100, now=NOW)
    assert (len(shown), shown[-1].strip()) == (10, "and 93 more")
    assert made.dump(NOW)["drift"][0]["removed"] == lines


def test_an_empty_column_is_left_out() -> None:
    made = report((NODE, [entry("IPv4 rules", added=["-t filter -A INPUT"])]))
    assert "changed by" not in made.table(width=100, now=NOW)[0]


def test_hosts_side_by_side_are_listed_one_after_the_other() -> None:
    other = TaskOnHost("minikube-m02", NODE.play, None, NODE.task)
    made = report(*((place, [entry(thing)]) for thing in ("IPv4 rules", "IPv6 rules") for place in (NODE, other)))
    headings = [line for line in made.table(width=100, now=NOW) if not line.startswith(" ")]
    assert headings == [str(NODE), str(other)]


def test_a_terminal_obeys_nothing_that_was_found() -> None:
    made = report((NODE, [entry("file /etc/hosts", removed=["\x1b[2J\x07 evil\udcff"])]))
    assert "\x1b" not in "".join(made.table(width=100, now=NOW))
    "\n".join(made.table(width=100, now=NOW)).encode()


def test_the_last_failures_of_a_host_are_those_that_were_not_rescued() -> None:
    made = DriftReport(NOW)
    for message in ("rescued", "final"):
        made.add_failure(NODE, {"failed": True, "msg": message}, "failed")
    made.forget_rescued({"minikube": 1})
    assert [one.message for one in made.not_checked] == ["final"]
