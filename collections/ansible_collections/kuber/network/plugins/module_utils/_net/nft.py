# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The tables that kube-proxy's nftables mode leaves, one in each family; the next mode normally removes them."""

from __future__ import annotations

import typing as t

from ansible_collections.kuber.network.plugins.module_utils._net.programs import borrowed

TABLES = {"ip": ("ip", "kube-proxy"), "ip6": ("ip6", "kube-proxy")}
CHECK = ("nft", "--check", "--file", "-")
LOAD = ("nft", "--file", "-")


def read_command(family: str) -> list[str]:
    return borrowed(["nft", "--numeric", "list", "table", *TABLES[family]])


def lines(families: t.Iterable[str]) -> list[str]:
    return [f"table {' '.join(TABLES[family])}" for family in families]


def script(families: t.Iterable[str]) -> str:
    """Return the input for ``nft -f`` that removes the tables atomically."""
    return "".join(f"delete table {' '.join(TABLES[family])}\n" for family in families)
