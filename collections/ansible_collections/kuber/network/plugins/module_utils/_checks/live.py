# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check live objects through the API server."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._libraries import install
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, Probe, shortened

try:
    import jmespath
    import jmespath.exceptions
except ImportError as exc:
    IMPORT_ERROR: ImportError | None = exc
else:
    IMPORT_ERROR = None

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Callable

UNSET = object()
NOTHING = "nothing"


@dataclasses.dataclass(frozen=True)
class LiveProbe(Probe):
    get: Callable[[str], t.Any]
    path: str
    query: str
    equals: t.Any = UNSET
    show: str = ""
    unknown_if_nothing: str = ""

    @classmethod
    def load(cls, options: dict[str, t.Any], get: Callable[[str], t.Any]) -> LiveProbe:
        if IMPORT_ERROR is not None:
            raise KuberError(
                "Checks of live objects need the Python library jmespath on the controller",
                found=str(IMPORT_ERROR),
                remedy=install("jmespath"),
            ) from IMPORT_ERROR
        for expression in (options["query"], options["show"] or "@"):
            try:
                jmespath.compile(expression)
            except jmespath.exceptions.JMESPathError as exc:
                raise KuberError(f"Invalid JMESPath query {expression!r}", found=str(exc)) from exc
        equals = UNSET if options["equals"] is None else options["equals"]
        return cls(get, options["path"], options["query"], equals, options["show"], options["unknown_if_nothing"])

    @property
    def asked(self) -> str:
        return f"kubectl get --raw {self.path}"

    @property
    def wanted(self) -> str:
        return self.query if self.equals is UNSET else _text(self.equals)

    def attempt(self) -> Outcome:
        try:
            document = self.get(self.path)
            found = jmespath.search(self.query, document)
            shown = jmespath.search(self.show, document) if self.show else found
        except jmespath.exceptions.JMESPathError as exc:
            return Outcome(False, shortened(str(exc), 160))
        ok = bool(found) if self.equals is UNSET else _text(found) == _text(self.equals)
        return Outcome(ok, shortened(_text(shown)))

    def conclude(self, outcome: Outcome) -> Outcome:
        if outcome.found == NOTHING and self.unknown_if_nothing:
            return Outcome.not_checked(self.unknown_if_nothing)
        return outcome


def _text(value: t.Any) -> str:
    """Return a value as text: ``3`` and ``"3"`` are the same in a playbook."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or NOTHING
    return value if isinstance(value, str) else NOTHING if value is None else json.dumps(value)
