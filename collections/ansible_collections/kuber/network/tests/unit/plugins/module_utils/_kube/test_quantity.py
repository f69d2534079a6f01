# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._kube.quantity import canonical

FACTORS = {
    **{
        name: decimal.Decimal(1024) ** power for power, name in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)
    },
    **{name: decimal.Decimal(10) ** (3 * power) for power, name in enumerate(("n", "u", "m", "", *"kMGTPE"), start=-3)},
}
SUFFIXES = st.sampled_from(sorted(FACTORS.keys() - {"T", "Ti", "P", "Pi", "E", "Ei"}))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1000m", "1"),
        ("1", "1"),
        (1, "1"),
        ("0.5", "500m"),
        (0.5, "500m"),
        ("1.5Gi", "1536Mi"),
        ("1024Mi", "1Gi"),
        ("1000Ki", "1000Ki"),
        ("0.5Ki", "512"),
        ("0.1Gi", "107374182400m"),
        ("2000k", "2M"),
        ("0.5E", "500P"),
        ("1e3", "1e3"),
        ("12e2", "1200"),
        ("1E3", "1e3"),
        ("12E2", "1200"),
        ("1024Ki", "1Mi"),
        ("1024", "1024"),
        ("1023Ki", "1023Ki"),
        ("0Gi", "0"),
        ("-1500m", "-1500m"),
        # Rounded or capped by the server: whatever comes of it is for the server to say.
        ("0.1n", None),
        ("9999999999999999999", None),
        ("1 ", None),
        ("1 Gi", None),
        ("Gi", None),
        ("1ki", None),
        ("", None),
        (True, None),
        (None, None),
    ],
)
def test_form_in_which_the_server_gives_a_quantity_back(given: object, expected: str | None) -> None:
    assert canonical(given) == expected


def test_equal_amounts_with_different_suffixes_stay_different() -> None:
    assert canonical("1Gi") != canonical("1073741824")


@given(st.integers(-999_999, 999_999), SUFFIXES)
def test_canonical_form_has_the_same_amount_and_is_its_own_canonical_form(number: int, suffix: str) -> None:
    form = canonical(f"{number}{suffix}")
    assert form is not None
    digits = form.rstrip("KMGTPEikmun")
    assert decimal.Decimal(digits) * FACTORS[form[len(digits) :]] == number * FACTORS[suffix]
    assert canonical(form) == form
