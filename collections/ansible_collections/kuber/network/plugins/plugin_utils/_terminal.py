# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Show progress while a task runs, without disturbing machine-readable output."""

from __future__ import annotations

from ansible import constants
from ansible.utils.display import Display

# The callbacks whose output is for people.
FOR_READERS = frozenset({"default", "ansible.builtin.default"})


def show(text: str, *, color: str | None = None) -> None:
    """Show a text, on standard error if the output of the callback is for programs, such as JSON."""
    for_readers = constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK") in FOR_READERS
    Display().display(text, color=color, stderr=not for_readers)
