# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The one family of errors that the collection's own code raises."""

from __future__ import annotations

import contextlib
import pathlib
import traceback
import typing as t


class KuberError(Exception):
    """Something a user can act on: what, what was wanted, what is there, what to do.

    Plugins turn it into a failed task in exactly one place (``KuberAction.run`` or a module's ``main``).
    """

    def __init__(
        self,
        problem: str,
        *,
        wanted: str | None = None,
        found: str | None = None,
        remedy: str | None = None,
        changed: bool = False,
    ) -> None:
        self.problem = problem
        self.wanted = wanted
        self.found = found
        self.remedy = remedy
        self.changed = changed
        """Whether something had been done before it went wrong."""
        self.partial: dict[str, t.Any] = {}
        """What the failed task returns beside the message."""
        super().__init__(self._text())

    def rephrase(self, edit: t.Callable[[str], str]) -> None:
        """Edit all that is said."""
        self.problem = edit(self.problem)
        self.wanted, self.found, self.remedy = (
            text if text is None else edit(text) for text in (self.wanted, self.found, self.remedy)
        )
        self.args = (self._text(),)

    def _text(self) -> str:
        parts = [self.problem.rstrip(".")]
        if self.wanted is not None:
            parts.append(f"wanted: {self.wanted}")
        if self.found is not None:
            parts.append(f"found: {self.found}")
        text = "; ".join(parts) + "."
        if self.remedy is not None:
            # Below several lines it would be lost at the end of the last one.
            text += ("\n" if "\n" in text else " ") + self.remedy.rstrip(".") + "."
        return text


class RootRequired(KuberError):
    """Something that only root may do, or see."""


class UnexpectedError(KuberError):
    """An error of the collection itself, told as one, so that it does not take along what is known of what was done."""

    def __init__(self, cause: Exception) -> None:
        frame = traceback.extract_tb(cause.__traceback__)[-1]
        super().__init__(
            "An unexpected error in the collection",
            found=f"{type(cause).__name__}: {cause} ({pathlib.PurePath(frame.filename).name}, line {frame.lineno})",
            remedy="This is a bug: please report it with the output of -vvv",
        )
        self.__cause__ = cause


@contextlib.contextmanager
def after_change(*, changed: bool = True, **partial: t.Any) -> t.Iterator[None]:
    """Let errors know what had been done before: here begins what comes after a change."""
    try:
        yield
    except Exception as exc:
        error = exc if isinstance(exc, KuberError) else UnexpectedError(exc)
        error.changed |= changed
        error.partial = partial | error.partial
        raise error from error.__cause__
