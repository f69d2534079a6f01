# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# PRIVATE to the collection: may change without notice.

"""Whether a text is an IP address, or a network."""

from __future__ import annotations

import ipaddress


def is_address(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 address."""
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def is_network(text: str) -> bool:
    """Whether the text is an IPv4 or IPv6 network, without host bits."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
