# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print those addresses that are served, and that a node answers ARP for: announced.py NODE_ADDRESS ADDRESS ...

The network is asked, not MetalLB, whose own records stay for a while after a node has failed.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys


def is_answered(address: str) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((address, 80), timeout=1):
        return True
    return False


def hardware_address(address: str) -> str | None:
    found = subprocess.run(["ip", "-j", "neighbour", "show", "to", address], check=True, capture_output=True).stdout
    return next((one.get("lladdr") for one in json.loads(found)), None)


def main() -> None:
    node, *addresses = sys.argv[1:]
    for address in (node, *addresses):
        # Remove the entry, so that the network is asked again.
        subprocess.run(["ip", "neighbour", "flush", "to", address], check=True, capture_output=True)
    # Nothing needs to listen on the node: ARP comes before the answer.
    is_answered(node)
    answered = [address for address in addresses if is_answered(address)]
    wanted = hardware_address(node)
    print("\n".join(address for address in answered if wanted and hardware_address(address) == wanted))


if __name__ == "__main__":
    main()
