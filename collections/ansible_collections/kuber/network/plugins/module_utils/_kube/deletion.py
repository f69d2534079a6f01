# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Seeing off objects that have been told to go."""

from __future__ import annotations

import concurrent.futures
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import PARALLEL, Client
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.read import read
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Body, Item, below, is_leaving
from ansible_collections.kuber.network.plugins.module_utils._kube.status import conditions, is_true, said
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import NAMESPACE
from ansible_collections.kuber.network.plugins.module_utils._timing import Clock, Progress

POLL_SECONDS = 0.5
DEFINITION = "CustomResourceDefinition"
# Set by the server itself on what was deleted with "Foreground".
FOREGROUND = "foregroundDeletion"

Leaving = tuple[Item, Body]


def wait_for_deletion(client: Client, leaving: t.Sequence[Leaving], clock: Clock, progress: Progress) -> None:
    """Return when all are gone, each given as it was before; raise one error that says what holds the others."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=PARALLEL) as pool:
        while True:
            left = [one for one in pool.map(lambda one: _still_there(client, one), leaving) if one is not None]
            if not left:
                return
            if clock.is_up:
                raise _error(left, clock)
            progress.tell("Waiting for the end of " + "; ".join(f"{item.ref}: {_hold(live)}" for item, live in left))
            time.sleep(POLL_SECONDS)


def _still_there(client: Client, leaving: Leaving) -> Leaving | None:
    """The object as it is now, if it is not somebody's new one of the same name."""
    item, before = leaving
    live = read(client, item)
    same = live is not None and live["metadata"].get("uid") == before["metadata"].get("uid")
    return (item, live) if live is not None and same else None


def _error(left: t.Sequence[Leaving], clock: Clock) -> KuberError:
    names = ", ".join(str(item.ref) for item, _live in left)
    return KuberError(
        f"{names} {'is' if len(left) == 1 else 'are'} still there {clock.elapsed:.0f} s after the task began",
        found="".join(f"\n  {item.ref}: {_hold(live)}" for item, live in left),
        remedy="Look for the controller that should take the finalizer off, of this object or of those that are left "
        "in it, or give it more wait_timeout",
    )


def _hold(live: Body) -> str:
    """What an object is waiting for, as far as it says so."""
    if not is_leaving(live):
        return "nobody has deleted it"
    # Namespaces and definitions say what is left in them; the finalizer is the server's own.
    if live["kind"] in (NAMESPACE, DEFINITION) and (messages := _messages(live)):
        return "; ".join(messages)
    held: list[str] = live["metadata"].get("finalizers") or below(live, "spec", "finalizers") or []
    if held == [FOREGROUND]:
        return "objects that it owns are still there"
    if held:
        return f"held by {'finalizer' if len(held) == 1 else 'finalizers'} {', '.join(held)}"
    node = below(live, "spec", "nodeName")
    return f"node {node} has not said that it has ended" if node else "no finalizer holds it"


def _messages(live: Body) -> list[str]:
    found = [one for one in conditions(live) if is_true(one) and one.get("message")]
    if live["kind"] == DEFINITION:
        found = [one for one in found if one.get("type") == "Terminating"]
        return [f"objects of its kind are still there: {said(one)}" for one in found]
    return [str(one["message"]) for one in found]
