# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Objects as requests and answers of the API server carry them."""

from __future__ import annotations

import json
import re
import typing as t


# What Go's YAML breaks lines at, or takes for no part of a text, and halves of characters.
class CutOffError(ValueError):
    """An answer that is complete for HTTP, and is not for its reader."""

    def __init__(self, size: int) -> None:
        # Not what it says: it may be part of a Secret.
        super().__init__(f"{size} bytes that are no whole JSON")


ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def whole(answer: bytes) -> t.Any:
    """The object that an answer holds; what has been cut off on its way holds none."""
    try:
        parsed = json.loads(answer)
    except ValueError as exc:
        raise CutOffError(len(answer)) from exc
    if not isinstance(parsed, dict):
        raise CutOffError(len(answer))
    return parsed


def encoded(body: object) -> bytes:
    """An object in JSON that is YAML, too, which the API server takes an apply for.

    YAML has no surrogates, so that what is beyond U+FFFF stands there as it is. What Go's YAML takes for the end of a
    line, or for no text, is escaped.
    """
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()
