# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""JSON pointers (RFC 6901) into objects of a set."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

# Without these an object is not the object any more.
IDENTITY = frozenset(
    {
        ("apiVersion",),
        ("kind",),
        ("metadata",),
        ("metadata", "name"),
        ("metadata", "namespace"),
    }
)
_STEP = re.compile(r"(?:[^~/]|~[01])*")
_INDEX = re.compile(r"0|[1-9][0-9]*")


@dataclasses.dataclass(frozen=True)
class Pointer:
    """Where in an object something stands."""

    steps: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Pointer:
        steps = text.split("/")
        if steps[0] or len(steps) < 2 or not all(_STEP.fullmatch(step) for step in steps):
            raise KuberError(
                "Not a JSON pointer (RFC 6901)",
                wanted="a string such as /spec/replicas, with ~1 for / and ~0 for ~ in a name",
                found=repr(text),
            )
        return cls(tuple(step.replace("~1", "/").replace("~0", "~") for step in steps[1:]))

    def __str__(self) -> str:
        return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in self.steps)

    def matches(self, value: t.Any) -> bool:
        for step in self.steps:
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
                value = value[int(step)]
            else:
                return False
        return True
