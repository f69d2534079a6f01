# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Print those addresses that a node answers ARP for: announced.py NODE_ADDRESS ADDRESS ...

The network is asked, not MetalLB, whose own records stay for a while after a node has failed.
"""

from __future__ import annotations

import json
import subprocess
import sys


def hardware_address(address: str) -> str | None:
    """Forget who had the address, and ask anew."""
    subprocess.run(["ip", "neighbour", "flush", "to", address], check=True, capture_output=True)
    subprocess.run(["ping", "-c", "1", "-W", "1", address], check=False, capture_output=True)
    found = subprocess.run(["ip", "-j", "neighbour", "show", "to", address], check=True, capture_output=True).stdout
    return next((one.get("lladdr") for one in json.loads(found)), None)


def main() -> None:
    node = hardware_address(sys.argv[1])
    print("\n".join(address for address in sys.argv[2:] if node and hardware_address(address) == node))


if __name__ == "__main__":
    main()
