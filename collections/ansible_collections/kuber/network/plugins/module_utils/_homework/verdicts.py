# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""From the claims of a folder and the answers of a cluster to one verdict for each row."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._homework import rows
from ansible_collections.kuber.network.plugins.module_utils._homework.model import Claim, Fault, Message, Status

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping, Sequence

    from ansible_collections.kuber.network.plugins.module_utils._checks.model import CheckResult
    from ansible_collections.kuber.network.plugins.module_utils._upgrade.model import FieldChange

PASSES, UNCHECKED, FAILS = 0, 1, 2


@dataclasses.dataclass(frozen=True)
class RowVerdict:
    """The verdict on one row."""

    number: str
    title: Message
    status: Status
    objects: tuple[str, ...] = ()
    reasons: tuple[Fault, ...] = ()
    """Why it fails or could not be checked."""
    notes: tuple[Message, ...] = ()
    answers: tuple[CheckResult, ...] = ()
    """The checks that were made."""
    changes: tuple[FieldChange, ...] = ()
    """What was changed in its objects before they were applied."""


def conclude(
    edition: str,
    claims: Mapping[str, Claim],
    answers: Sequence[CheckResult],
    *,
    changes: Sequence[FieldChange] = (),
    problems: Mapping[str, Sequence[Fault]] | None = None,
) -> list[RowVerdict]:
    """Return the verdicts on all rows of an edition.

    The group of each answer is the number of its row. ``problems`` are faults that showed when the folder was applied.
    """
    found: dict[str, RowVerdict] = {}
    for row in rows.ROWS[edition]:
        claim = claims[row.number]
        mine = tuple(one for one in answers if one.group == row.number)
        faults = (*claim.faults, *(problems or {}).get(row.number, ()))
        status, reasons = _status(row, dataclasses.replace(claim, faults=faults), mine, found)
        found[row.number] = RowVerdict(
            number=row.number,
            title=row.title,
            status=status,
            objects=tuple(one for one in claim.objects if one),
            reasons=reasons,
            notes=claim.notes,
            answers=mine,
            changes=tuple(one for one in changes if one.object in claim.objects and row.number != rows.FILES.number),
        )
    return list(found.values())


def refused(why: str) -> list[RowVerdict]:
    """Return the verdict on a folder that was refused, or whose check broke off: nothing of it could be checked."""
    fault = Fault(Message(why, why))
    return [RowVerdict(rows.FILES.number, rows.FILES.title, Status.NOT_CHECKED, reasons=(fault,))]


def exit_code(verdicts: Sequence[RowVerdict]) -> int:
    """Return 2 if a row fails, 1 if one could not be checked, 0 if everything that the folder claims works."""
    statuses = {one.status for one in verdicts}
    if Status.FAILED in statuses:
        return FAILS
    return UNCHECKED if Status.NOT_CHECKED in statuses else PASSES


def _status(
    row: rows.Row, claim: Claim, answers: Sequence[CheckResult], earlier: Mapping[str, RowVerdict]
) -> tuple[Status, tuple[Fault, ...]]:
    if claim.status is not Status.PASSED:
        return claim.status, claim.faults or claim.obstacles
    broken = [one for one in row.needs if earlier[one].status in (Status.FAILED, Status.NOT_CHECKED)]
    failed = [one for one in answers if one.failed]
    unknown = [one for one in answers if one.unknown]
    if failed and broken:
        return Status.NOT_CHECKED, (_blocked(broken[0]),)
    if failed:
        return Status.FAILED, tuple(_fault(one) for one in failed)
    if unknown:
        return Status.NOT_CHECKED, tuple(_fault(one) for one in unknown)
    if row.asks and not answers:
        reason = Message("the cluster was not asked", "кластер не опрашивали")
        return Status.NOT_CHECKED, (Fault(reason),)
    return Status.PASSED, ()


def _blocked(number: str) -> Fault:
    return Fault(
        Message(f"row {number} has to work first", f"сначала должна работать строка {number}"),
    )


def _fault(answer: CheckResult) -> Fault:
    text = f"{answer.name}: {answer.found} (wanted: {answer.wanted})"
    return Fault(Message(text, text), Message(f"Try it: {answer.asked}", f"Проверьте: {answer.asked}"))


def with_rollouts(
    verdicts: Sequence[RowVerdict], results: Sequence[Mapping[str, t.Any]], failure: str
) -> list[RowVerdict]:
    """Return the verdicts with what real rollouts have shown: each is a note, and one that did not end is a fault.

    Failed requests are no fault: the homework's program ends at once, so that users notice any strategy.
    """
    notes = tuple(_rollout(one) for one in results)
    found = []
    for one in verdicts:
        if one.number == rows.STRATEGY:
            reasons = (*one.reasons, Fault(Message(failure, failure))) if failure else one.reasons
            status = Status.FAILED if failure and one.status is Status.PASSED else one.status
            found.append(dataclasses.replace(one, status=status, reasons=reasons, notes=(*one.notes, *notes)))
        else:
            found.append(one)
    return found


def _rollout(result: Mapping[str, t.Any]) -> Message:
    title, seconds = result["title"], round(float(result["seconds"]))
    most, fewest = result["most_pods"], result["fewest_available"]
    failed, requests = result["failed_requests"], result["requests"]
    return Message(
        f"Rollout {title}: {seconds} s, at most {most} pods, at least {fewest} available,"
        f" {failed} of {requests} requests failed",
        f"Обновление {title}: {seconds} с, подов не больше {most}, доступно не меньше {fewest},"
        f" неудачных запросов {failed} из {requests}",
    )


def explained(verdict: RowVerdict, diagnosis: Fault) -> RowVerdict:
    """Return a failed verdict about pods with the diagnosis of these."""
    if verdict.status is Status.FAILED and verdict.number in rows.ABOUT_PODS and verdict.answers:
        return dataclasses.replace(verdict, reasons=(*verdict.reasons, diagnosis))
    return verdict
