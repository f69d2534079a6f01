# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check the variables of all roles together, before the first role begins."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._preflight import values
from ansible_collections.kuber.network.plugins.module_utils._preflight.forms import FORMS
from ansible_collections.kuber.network.plugins.module_utils._preflight.renamed import RENAMED

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Iterable, Iterator, Mapping

# How similar an unknown name must be to count as a misspelling.
ALIKE = 0.85


def judge(
    options: Mapping[str, values.Spec], given: Mapping[str, object], written: Mapping[str, object]
) -> tuple[dict[str, t.Any], list[KuberError]]:
    """Return the valid values, and errors for the others; ``written`` are the values before templating."""
    fine: dict[str, t.Any] = {}
    wrong: dict[str, KuberError] = {}
    for name, value in given.items():
        try:
            fine[name] = _fitting(name, value, options[name])
        except KuberError as exc:
            wrong[name] = exc
    # Values that are derived from an invalid one are not reported again.
    found = [exc for name, exc in wrong.items() if not any(_is_made_of(written[name], one) for one in wrong)]
    missing = [name for name, option in options.items() if option.get("required") and name not in given]
    found += [KuberError(f"{name} is missing", wanted=str(options[name].get("description"))) for name in missing]
    return fine, [*found, *_contradictions(fine)]


def _is_made_of(written: object, name: str) -> bool:
    text = str(written)
    return "{{" in text and re.search(rf"\b{re.escape(name)}\b", text) is not None


def _fitting(name: str, value: object, option: values.Spec) -> t.Any:
    result = values.read(name, value, option)
    form = FORMS.get(name)
    if form is not None and not form.fits(result):
        raise KuberError(f"Invalid value of {name}", wanted=form.wanted, found=values.shown(value))
    return result


def unknown(names: Iterable[str], known: Iterable[str]) -> Iterator[KuberError]:
    """Yield an error for each name that a variable had in an earlier version, or that looks like a misspelt one."""
    settings = sorted(known)
    for name in sorted(set(names) - set(settings)):
        if name in RENAMED:
            yield KuberError(f"Unknown variable {name}", remedy=f"It is called {RENAMED[name]} now")
            continue
        alike = values.perhaps(name, settings, ALIKE)
        if alike and _family(alike) == _family(name):
            yield KuberError(f"Unknown variable {name}", remedy=f"Perhaps {alike} is meant")


def _family(name: str) -> str:
    return name.partition("_")[0]


def _contradictions(fine: Mapping[str, t.Any]) -> Iterator[KuberError]:
    yield from _rollout_without_a_beginning(fine)
    yield from _versions_alike(fine)
    yield from _paths_alike(fine)
    yield from _gateway_without_traefik(fine)


def _gateway_without_traefik(fine: Mapping[str, t.Any]) -> Iterator[KuberError]:
    if fine.get("traffic_api") == "gateway" and fine.get("ingress_controller") == "nginx":
        yield KuberError(
            "ingress-nginx does not serve Gateway API",
            wanted="ingress_controller: traefik with traffic_api: gateway",
            found="ingress_controller: nginx",
            remedy="Leave ingress_controller out, which is traefik then, or set traffic_api to ingress",
        )


def _rollout_without_a_beginning(fine: Mapping[str, t.Any]) -> Iterator[KuberError]:
    """Yield an error for a rollout that may neither add nor remove a pod; the API server would refuse it later."""
    surge, missing = fine.get("web_app_max_surge"), fine.get("web_app_max_unavailable")
    if surge is not None and missing is not None and not any(int(one.removesuffix("%")) for one in (surge, missing)):
        yield KuberError(
            "The rollout could never begin: with web_app_max_surge 0 no pod may be added before one is removed, and "
            "with web_app_max_unavailable 0 none may be removed before one is added",
            wanted="one of them above 0",
            found=f"{surge} and {missing}",
            remedy="Set one of them to a number of pods or a percentage",
        )


def _versions_alike(fine: Mapping[str, t.Any]) -> Iterator[KuberError]:
    if "canary_current" in fine and fine["canary_current"] == fine.get("canary_next"):
        yield KuberError(
            "canary_current and canary_next are the same", wanted="two versions", found=fine["canary_current"]
        )


def _paths_alike(fine: Mapping[str, t.Any]) -> Iterator[KuberError]:
    """Yield an error for two rules with the same host and path, which the webhook of ingress-nginx refuses."""
    owners: dict[tuple[str, str], str] = {}
    for role in ("web_app", "dashboard", "canary"):
        if f"{role}_host" not in fine or f"{role}_path" not in fine:
            continue
        place = fine[f"{role}_host"], fine[f"{role}_path"].rstrip("/")
        other = owners.setdefault(place, role)
        if other != role:
            yield KuberError(
                f"{other}_path and {role}_path are the same",
                wanted="different paths on the same host",
                found=f"{fine[f'{role}_path']} of {place[0]}",
            )
