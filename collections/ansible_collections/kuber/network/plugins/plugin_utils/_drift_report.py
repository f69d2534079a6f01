# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Collect the drift of all tasks of a check run, and render it as data and as a table."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import itertools
import json
import pathlib
import typing as t

from ansible_collections.kuber.network.plugins.module_utils import _table
from ansible_collections.kuber.network.plugins.module_utils._drift import Field
from ansible_collections.kuber.network.plugins.module_utils._net import files

SCHEMA_VERSION = 1
# How many fields and lines of one thing the table shows; the file has all.
MOST_LINES = 8
INDENT = "  "
# Tasks of these never change anything outside the run.
READING = frozenset(
    {
        "ansible.builtin.add_host",
        "ansible.builtin.assert",
        "ansible.builtin.debug",
        "ansible.builtin.fail",
        "ansible.builtin.gather_facts",
        "ansible.builtin.group_by",
        "ansible.builtin.import_role",
        "ansible.builtin.include_role",
        "ansible.builtin.include_tasks",
        "ansible.builtin.include_vars",
        "ansible.builtin.meta",
        "ansible.builtin.pause",
        "ansible.builtin.set_fact",
        "ansible.builtin.set_stats",
        "ansible.builtin.setup",
        "ansible.builtin.slurp",
        "ansible.builtin.stat",
        "ansible.builtin.validate_argument_spec",
        "ansible.builtin.wait_for",
        "ansible.builtin.wait_for_connection",
    }
)
HEADINGS = ("thing", "action", "what differs", "changed by")


class Status(enum.Enum):
    """How a check run ended; the values are written to the file."""

    IN_SYNC = "in_sync"
    DRIFTED = "drifted"
    INCOMPLETE = "incomplete"

    @property
    def exit_code(self) -> int:
        return {Status.IN_SYNC: 0, Status.INCOMPLETE: 1, Status.DRIFTED: 2}[self]


@dataclasses.dataclass(frozen=True)
class TaskOnHost:
    """A task on a host."""

    host: str
    play: str
    role: str | None
    task: str

    def __str__(self) -> str:
        return f"{self.host}: {self.play}: {self.task}"


@dataclasses.dataclass(frozen=True)
class Found:
    """One thing that differs; ``thing`` is ``None`` if a module only reports that they would change something."""

    place: TaskOnHost
    item: str | None
    thing: str | None
    action: str
    fields: tuple[Field, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def dump(self) -> dict[str, t.Any]:
        # All keys are present, whatever their values.
        return dataclasses.asdict(self.place) | {
            "item": self.item,
            "thing": self.thing,
            "action": self.action,
            "fields": [dataclasses.asdict(field) for field in self.fields],
            "removed": list(self.removed),
            "added": list(self.added),
        }

    def rows(self, now: datetime.datetime) -> list[tuple[str, ...]]:
        details = [(field.field, field.author(now)) for field in self.fields]
        details += [(f"- {line}", "") for line in self.removed] + [(f"+ {line}", "") for line in self.added]
        if len(details) > MOST_LINES:
            details[MOST_LINES - 1 :] = [(f"and {len(details) - MOST_LINES + 1} more", "")]
        name = self.thing or "this task"
        heads = [(f"{name} ({self.item})" if self.item else name, self.action)]
        return [(*head, *detail) for head, detail in itertools.zip_longest(heads, details, fillvalue=("", ""))]


@dataclasses.dataclass(frozen=True)
class NotChecked:
    """A task that could not check its object."""

    place: TaskOnHost
    reason: str
    """``failed`` or ``unreachable``."""
    message: str

    def dump(self) -> dict[str, t.Any]:
        return dataclasses.asdict(self.place) | {"reason": self.reason, "message": self.message}


@dataclasses.dataclass
class DriftReport:
    """The report, which collects the results of tasks."""

    started: datetime.datetime
    tasks: int = 0
    looked: bool = False
    """Whether any task looked for something that it would change."""
    found: list[Found] = dataclasses.field(default_factory=list)
    not_checked: list[NotChecked] = dataclasses.field(default_factory=list)

    @property
    def status(self) -> Status:
        if self.not_checked:
            return Status.INCOMPLETE
        return Status.DRIFTED if self.found else Status.IN_SYNC

    def add(self, place: TaskOnHost, result: t.Mapping[str, t.Any], action: str = "") -> None:
        """Add the result of a task, with those of its loop; ``action`` is the full name of its module."""
        self.tasks += 1
        self.looked |= _looks(action, result)
        for one in _results(result):
            self.found += _found(place, one)

    def add_failure(self, place: TaskOnHost, result: t.Mapping[str, t.Any], reason: str) -> None:
        """Add a failed task, with the drift it had found before."""
        self.add(place, result)
        messages = [_message(one) for one in _results(result) if one.get("failed") or one.get("unreachable")]
        message = "\n".join(messages) or _message(result)
        self.not_checked.append(NotChecked(place, reason, message))

    def forget_rescued(self, failures: t.Mapping[str, int]) -> None:
        """Keep the failures that were not rescued: the last ones of each host, as the host then drops out."""
        kept = []
        left = dict(failures)
        for one in reversed(self.not_checked):
            if one.reason == "unreachable":
                kept.append(one)
            elif left.get(one.place.host, 0) > 0:
                left[one.place.host] -= 1
                kept.append(one)
        self.not_checked = kept[::-1]

    def dump(self, finished: datetime.datetime, **selection: t.Any) -> dict[str, t.Any]:
        return {
            "version": SCHEMA_VERSION,
            "status": self.status.value,
            "started": _timestamp(self.started),
            "finished": _timestamp(finished),
            "selection": selection,
            "tasks": self.tasks,
            "drift": [one.dump() for one in self.found],
            "not_checked": [one.dump() for one in self.not_checked],
        }

    def table(self, *, width: int, now: datetime.datetime) -> list[str]:
        """Return lines for a terminal: a heading per task with drift, a row per field or line that differs."""
        grouped = itertools.groupby(self.found, key=lambda one: one.place)
        rows = {place: [row for one in group for row in one.rows(now)] for place, group in _merged(grouped).items()}
        lines = _rows(rows, width)
        if self.not_checked:
            lines += ["", "Not checked:"]
            for one in self.not_checked:
                lines += _table.wrap(f"{one.place} ({one.reason})", width)
                lines += [INDENT + line for line in _table.wrap(one.message, width - len(INDENT))]
        return lines

    @property
    def is_about_drift(self) -> bool:
        """Whether the run says anything about drift: one that only reads and reports does not."""
        return self.looked or self.status is not Status.IN_SYNC

    def summary(self) -> str:
        if not self.is_about_drift:
            return "Nothing was checked for drift: no task of this run looked for it"
        things = len(self.found)
        tasks = len({one.place for one in self.found})
        drift = f"Drift: {_many(things, 'thing')} in {_many(tasks, 'task')}" if things else "No drift"
        if self.not_checked:
            return f"Incomplete, {_many(len(self.not_checked), 'task')} could not be checked. {drift}"
        return drift if things else f"{drift} ({_many(self.tasks, 'task')})"


def write(path: pathlib.Path, report: t.Mapping[str, t.Any]) -> None:
    """Replace the file atomically; only its owner may read it."""
    files.replace(path, f"{json.dumps(report, indent=2)}\n".encode(), 0o600)


def _results(result: t.Mapping[str, t.Any]) -> list[t.Mapping[str, t.Any]]:
    loop = result.get("results")
    # Modules may return "results" as well; those of a loop have an item.
    if isinstance(loop, list) and loop and all(isinstance(one, dict) and "ansible_loop_var" in one for one in loop):
        return loop
    return [result]


def _looks(action: str, result: t.Mapping[str, t.Any]) -> bool:
    if action.startswith("kuber.network."):
        return any("drift" in one for one in _results(result))
    return action not in READING


def _found(place: TaskOnHost, result: t.Mapping[str, t.Any]) -> t.Iterator[Found]:
    label = result.get("_ansible_item_label")
    item = None if label is None else str(label)
    drift = result.get("drift")
    if not isinstance(drift, list):
        drift = []
    if not result.get("changed") and not (result.get("failed") and drift):
        return
    for one in drift:
        yield Found(
            place,
            item,
            str(one["thing"]),
            str(one["action"]),
            tuple(Field(**field) for field in one["fields"]),
            tuple(map(str, one["removed"])),
            tuple(map(str, one["added"])),
        )
    if not drift:
        yield Found(place, item, None, "changed")


def _message(result: t.Mapping[str, t.Any]) -> str:
    return str(result.get("msg") or result.get("censored") or result.get("reason") or "no message").strip()


def _merged(groups: t.Iterable[tuple[TaskOnHost, t.Iterable[Found]]]) -> dict[TaskOnHost, list[Found]]:
    """Merge the groups of a task: hosts run in parallel, so their results may be interleaved."""
    merged: dict[TaskOnHost, list[Found]] = {}
    for place, members in groups:
        merged.setdefault(place, []).extend(members)
    return merged


def _rows(rows: t.Mapping[TaskOnHost, t.Sequence[tuple[str, ...]]], width: int) -> list[str]:
    if not rows:
        return []
    cells = [row for group in rows.values() for row in group]
    used = [number for number in range(len(HEADINGS)) if any(row[number] for row in cells)]
    sizes = _table.widths([[row[number] for number in used] for row in (HEADINGS, *cells)], width - len(INDENT))
    lines = _table.row([HEADINGS[number] for number in used], sizes, indent=INDENT)
    for place, group in rows.items():
        lines += _table.wrap(str(place), width)
        for row in group:
            lines += _table.row([row[number] for number in used], sizes, indent=INDENT)
    return lines


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _timestamp(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
