# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print those addresses that a node answers ARP for: announced.py NODE_ADDRESS ADDRESS ...

The network is asked, not MetalLB, whose own records stay for a while after a node has failed.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys


def hardware_address(address: str) -> str | None:
    """Forget who had the address, and ask anew."""
    subprocess.run(["ip", "neighbour", "flush", "to", address], check=True, capture_output=True)
    with contextlib.suppress(OSError), socket.create_connection((address, 80), timeout=1):
        pass  # an answer, whatever it is, follows upon one to the question who has the address
    found = subprocess.run(["ip", "-j", "neighbour", "show", "to", address], check=True, capture_output=True).stdout
    return next((one.get("lladdr") for one in json.loads(found)), None)


def main() -> None:
    node = hardware_address(sys.argv[1])
    print("\n".join(address for address in sys.argv[2:] if node and hardware_address(address) == node))


if __name__ == "__main__":
    main()
