# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Doing one thing with many objects at the same time, and again while it may still succeed."""

from __future__ import annotations

import concurrent.futures
import time
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError, UnexpectedError
from ansible_collections.kuber.network.plugins.module_utils._kube.clock import Clock, Progress
from ansible_collections.kuber.network.plugins.module_utils._kube.httperrors import ApiError, is_webhook_unavailable
from ansible_collections.kuber.network.plugins.module_utils._kube.redact import Redactor
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Item

RETRY_SECONDS = 1.0

_Thing = t.TypeVar("_Thing")
_Result = t.TypeVar("_Result")


def each(
    act: t.Callable[[_Thing], _Result], items: t.Sequence[_Thing], *, parallel: int
) -> tuple[list[_Result], list[KuberError]]:
    """Do ``act`` for all items at the same time; one failure does not stop the others."""
    if not items:
        return [], []
    entries: list[_Result] = []
    errors: list[KuberError] = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=parallel) as pool:
        for future in [pool.submit(act, item) for item in items]:
            try:
                entries.append(future.result())
            except KuberError as exc:
                errors.append(exc)
            except Exception as exc:
                errors.append(UnexpectedError(exc))
    return entries, errors


def retry_while_unavailable(
    send: t.Callable[[], t.Any],
    item: Item,
    *,
    clock: Clock,
    progress: Progress,
    passes: t.Callable[[ApiError], bool] = is_webhook_unavailable,
) -> t.Any:
    """The answer to ``send``, repeated as long as there is time and its error is one that ``passes``."""
    while True:
        try:
            return send()
        except ApiError as exc:
            exc.rephrase(Redactor([item.body]))
            if clock.is_up or not passes(exc):
                raise
            progress.tell(f"Waiting for what answers for {item.ref}: {exc.message}")
        time.sleep(RETRY_SECONDS)
