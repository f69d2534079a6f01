# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Quantities such as 500m and 1Gi, in the one form in which the API server gives them back."""

from __future__ import annotations

import decimal
import re

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?P<suffix>[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]{1,2}|)"
)
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"}
# Within these bounds the server neither rounds (below a billionth) nor caps (above 2^63).
_FINEST = -9
_LARGEST = 10**18


def canonical(value: object) -> str | None:
    """How the server writes ``value``; ``None`` if that is not certain.

    Equal amounts may be written in two ways, 1Gi and 1073741824: the server keeps the kind of suffix that it was given.
    https://github.com/kubernetes/apimachinery/blob/v0.34.1/pkg/api/resource/quantity.go (CanonicalizeBytes)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    parts = _QUANTITY.fullmatch(str(value))
    if parts is None:
        return None
    suffix = parts["suffix"]
    with decimal.localcontext() as context:
        context.prec = 60
        amount = decimal.Decimal(parts["number"]) * _factor(suffix)
        if abs(amount) >= _LARGEST or amount != round(amount, -_FINEST):
            return None
        if amount == 0:
            return "0"
        if suffix in _BINARY[1:] and abs(amount) >= 1024 and amount == int(amount):
            return _in_powers_of_1024(int(amount))
        exponential = suffix[:1] in ("e", "E") and suffix != "E"
        return _in_powers_of_1000(amount, exponential=exponential)


def _factor(suffix: str) -> decimal.Decimal:
    if suffix in _BINARY:
        return decimal.Decimal(1024 ** _BINARY.index(suffix))
    by_name = {name: exponent for exponent, name in _DECIMAL.items()}
    return decimal.Decimal(10) ** (by_name[suffix] if suffix in by_name else int(suffix[1:]))


def _in_powers_of_1024(amount: int) -> str:
    power = 0
    while amount % 1024 == 0:
        amount //= 1024
        power += 1
    return f"{amount}{_BINARY[power]}"


def _in_powers_of_1000(amount: decimal.Decimal, *, exponential: bool) -> str:
    exponent = _FINEST
    whole = int(amount.scaleb(-exponent))
    while whole % 1000 == 0:
        whole //= 1000
        exponent += 3
    if exponential:
        return f"{whole}e{exponent}" if exponent else str(whole)
    return f"{whole}{_DECIMAL[exponent]}"
