# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""What a refusal of the API server means for the object it is about."""

from __future__ import annotations

import json
import re

from ansible_collections.kuber.network.plugins.module_utils._api.httperrors import (
    ApiError,
    is_malformed,
    is_too_large,
    is_webhook_unavailable,
)
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube.refs import Item
from ansible_collections.kuber.network.plugins.module_utils._kube.wellknown import PROTECTED

_WEBHOOK = re.compile(r'webhook "(?P<name>[^"]+)"')
# What webhooks and admission policies say, which may depend on what else is there.
_DENIED = re.compile(
    r"""admission webhook "[^"]+" denied the request"""
    r"""|ValidatingAdmissionPolicy '[^']+' with binding '[^']+' denied request"""
)
_SIDE_EFFECTS = re.compile(r'admission webhook "[^"]+" does not support dry run')
# The largest object that etcd takes unless it is told otherwise (--max-request-bytes).
ETCD_BYTES = 3 << 19


class ObjectError(KuberError):
    """The API server did not take an object."""


class UnchangeableError(ObjectError):
    """It would take the object as such, but not as a change of what is there."""


def explain(item: Item, error: ApiError, *, seconds: float) -> ObjectError:
    """The refusal in the words of the object that was refused."""
    subject = f"{item.ref} ({item.origin})"
    webhook = _WEBHOOK.search(error.message)
    if is_webhook_unavailable(error):
        return ObjectError(
            f"The webhook that guards {subject} has not answered for {seconds:.0f} s",
            wanted=f"an answer from webhook {webhook['name'] if webhook else ''}".rstrip(),
            found=error.message,
            remedy="Check the pods behind the webhook's service; a larger wait_timeout helps if they are only slow",
        )
    if error.status == 409 and (conflicts := _conflicts(error)):
        return ObjectError(
            f"{subject} has fields that somebody else manages",
            found="; ".join(conflicts),
            remedy="Take the fields out of the object, or take them over with conflicts=force",
        )
    if namespace := missing_namespace(error):
        return ObjectError(
            f"Namespace {namespace} does not exist, which {subject} needs",
            remedy="Put the Namespace into the set, or create it before",
        )
    if any(cause.get("reason") == "NamespaceTerminating" for cause in error.causes):
        return ObjectError(
            f"{subject} cannot be created: Namespace {item.ref.namespace} is being deleted",
            remedy="Wait until the Namespace is gone, then run again; its conditions say what holds it",
        )
    if is_too_large(error):
        size = len(json.dumps(item.body, separators=(",", ":"), ensure_ascii=False).encode())
        return ObjectError(
            f"{subject} is too large for the API server of context {error.context}",
            wanted=f"at most {ETCD_BYTES / (1 << 20):g} MiB, unless etcd and the API server are set to take more",
            found=f"{size / (1 << 20):.1f} MiB as JSON; {error.message}",
            remedy="Split it into several objects, or keep the data elsewhere",
        )
    who = f"the API server of context {error.context}"
    if webhook and "denied the request" in error.message:
        who = f"webhook {webhook['name']}"
    found = f"{error.status} {error.reason}, {error.message}"
    return ObjectError(f"{subject} was refused by {who}", found=found, remedy=error.remedy)


def missing_namespace(error: ApiError) -> str | None:
    """The name of the namespace that an object would be in and that is not there."""
    if error.status == 404 and error.details.get("kind") == "namespaces":
        return str(error.details.get("name"))
    return None


def unchangeable(item: Item, error: ApiError, names: str) -> UnchangeableError:
    """The refusal of a change where the object as such would be welcome."""
    remedy = "Leave the field as it is, or name the object in the option recreate: it is then deleted and created again"
    if item.key in PROTECTED:
        remedy += f". For objects of kind {item.ref.kind} it must name the very object, for much goes with it"
    return UnchangeableError(
        f"{item.ref} ({item.origin}) cannot be changed in place",
        wanted=f"another value of {names}",
        found=error.message,
        remedy=remedy,
    )


def fields(error: ApiError) -> list[str]:
    """The fields that an answer is about, each once."""
    return list(dict.fromkeys(cause["field"] for cause in error.causes if cause.get("field")))


def forbids_dry_run(error: ApiError) -> bool:
    """Whether only the dry run is refused: a webhook that acts must not be asked what would be."""
    return bool(_SIDE_EFFECTS.search(error.message))


def is_about_the_object(error: ApiError) -> bool:
    """Whether the object itself is refused: its fields, its values, its size, or that others own them."""
    if forbids_dry_run(error) or _DENIED.search(error.message):
        return False
    return error.status in (400, 413, 422) or is_malformed(error) or bool(_conflicts(error))


def is_outdated(error: ApiError) -> bool:
    """Whether the object is not the one any more that the request was about."""
    return error.status == 409 and error.reason == "Conflict" and not _conflicts(error)


def is_unreadable(error: ApiError) -> bool:
    """Whether the server cannot read the object that is there in the version of one of its records."""
    return error.status == 500 and "field not declared in schema" in error.message and not is_malformed(error)


def _conflicts(error: ApiError) -> list[str]:
    return [
        f"{cause.get('field', '')} ({cause.get('message', '')})"
        for cause in error.causes
        if cause.get("reason") == "FieldManagerConflict"
    ]
