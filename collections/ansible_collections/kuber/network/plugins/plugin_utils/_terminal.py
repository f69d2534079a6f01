# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What actions and callbacks show while a task runs, beside its result."""

from __future__ import annotations

from ansible import constants
from ansible.utils.display import Display

# The callbacks whose output is for readers only.
FOR_READERS = frozenset({"default", "ansible.builtin.default"})


def show(text: str, *, color: str | None = None) -> None:
    """On standard error when another callback writes standard output: a program may read that, as JSON for example."""
    for_readers = constants.config.get_config_value("DEFAULT_STDOUT_CALLBACK") in FOR_READERS
    Display().display(text, color=color, stderr=not for_readers)
