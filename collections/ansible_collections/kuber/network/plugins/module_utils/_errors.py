# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The errors that the collection raises: what failed, what was wanted, what was found, what to do."""

from __future__ import annotations

import contextlib
import pathlib
import traceback
import typing as t


class KuberError(Exception):
    """An error for users: the problem, what was wanted, what was found, and the remedy.

    One place in a plugin turns it into a failed task (``KuberAction.run``, or a module's ``main``).
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
        """Whether something had been changed before the error."""
        self.partial: dict[str, t.Any] = {}
        """What the failed task returns besides the message."""
        super().__init__(self._text())

    def rephrase(self, edit: t.Callable[[str], str]) -> None:
        """Apply ``edit`` to all texts of the error."""
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
            # After several lines, the remedy gets its own line.
            text += ("\n" if "\n" in text else " ") + self.remedy.rstrip(".") + "."
        return text


class RootRequired(KuberError):
    """Only root may do or read this."""


class UnexpectedError(KuberError):
    """A bug in the collection, reported as an error that keeps what is known about changes."""

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
    """Mark errors of the block as raised after a change."""
    try:
        yield
    except Exception as exc:
        error = exc if isinstance(exc, KuberError) else UnexpectedError(exc)
        error.changed |= changed
        error.partial = partial | error.partial
        raise error from error.__cause__
