# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The data model of a homework: messages in two languages, claims of a folder, verdicts."""

from __future__ import annotations

import dataclasses
import enum

LANGUAGES = ("en", "ru")


@dataclasses.dataclass(frozen=True)
class Message:
    """A text for users in English and in Russian."""

    en: str
    ru: str

    def text(self, language: str) -> str:
        return self.ru if language == "ru" else self.en


class Status(enum.Enum):
    """The status of a row; the value is the one in JSON."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"
    NOT_PART = "not_part"


@dataclasses.dataclass(frozen=True)
class Fault:
    """Why a row fails or cannot be checked, and the change that fixes it."""

    problem: Message
    remedy: Message | None = None


@dataclasses.dataclass(frozen=True)
class Claim:
    """What the folder alone says about one row."""

    objects: tuple[str, ...] = ()
    """The objects that the row is about. Without any, the row is not part of the folder."""
    faults: tuple[Fault, ...] = ()
    """What is wrong, whatever the cluster says."""
    obstacles: tuple[Fault, ...] = ()
    """Why the cluster cannot be asked."""
    notes: tuple[Message, ...] = ()

    @property
    def status(self) -> Status:
        """The status as far as the folder alone decides it: passed if there is nothing known against it."""
        if self.faults:
            return Status.FAILED
        if self.obstacles:
            return Status.NOT_CHECKED
        return Status.PASSED if self.objects else Status.NOT_PART
