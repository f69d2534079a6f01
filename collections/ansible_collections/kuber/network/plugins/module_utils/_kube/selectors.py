# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Label selectors in the form of kubectl, and whether the labels of an object of the set match them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

_KEY = r"(?:[a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_VALUES = rf"\(\s*(?P<values>{_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)"
_FORMS = (
    re.compile(rf"(?P<key>{_KEY})\s*(?P<operator>==?|!=)\s*(?P<values>{_VALUE})"),
    re.compile(rf"(?P<key>{_KEY})\s+(?P<operator>in|notin)\s*{_VALUES}"),
    re.compile(rf"(?P<operator>!?)\s*(?P<key>{_KEY})"),
)
# A comma in parentheses parts values, any other one parts requirements.
_COMMA = re.compile(r",(?![^(]*\))")


@dataclasses.dataclass(frozen=True)
class Requirement:
    """What is required of one label."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: t.Mapping[str, t.Any]) -> bool:
        if self.operator in ("", "!"):
            return (self.key in labels) is (self.operator == "")
        # As for the API server, a label that is not there has another value.
        return (labels.get(self.key) in self.values) is (self.operator in ("=", "==", "in"))


@dataclasses.dataclass(frozen=True)
class Selector:
    """Requirements that are met together."""

    requirements: tuple[Requirement, ...]
    text: str

    @classmethod
    def parse(cls, texts: t.Iterable[str], option: str) -> Selector:
        """The selector that ``texts`` are together; refuse one that requires nothing."""
        given = list(texts)
        found = [_requirement(part.strip(), option) for text in given for part in _COMMA.split(text)]
        if not found:
            raise KuberError(f"The option {option} is empty", wanted="at least one requirement, such as app=web")
        return cls(tuple(found), ",".join(given))

    def matches(self, labels: t.Mapping[str, t.Any]) -> bool:
        return all(one.matches(labels) for one in self.requirements)


def _requirement(text: str, option: str) -> Requirement:
    for form in _FORMS:
        if found := form.fullmatch(text):
            parts = found.groupdict()
            values = frozenset(part.strip() for part in (parts.get("values") or "").split(","))
            return Requirement(parts["key"], parts["operator"], values)
    raise KuberError(
        f"The option {option} has an invalid label selector",
        wanted="such as app=web, app!=web, app, !app, app in (web, api), app notin (web, api)",
        found=repr(text),
    )
