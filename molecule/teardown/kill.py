# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command and kill it at a random moment, again and again, as a machine short of memory does: the one process.

    kill.py TIMES LONGEST_SECONDS COMMAND ...

The command is given up to LONGEST_SECONDS each time. It ends when it was killed TIMES times, or as soon as the command
has come to its end, which then has to be a good one. Tells as JSON how often it was killed and what the command was
doing, by the last task that it had named.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
import time

TASK = re.compile(r"^(?:TASK|PLAY) \[(.*)\]", re.MULTILINE)


def main() -> None:
    times, longest, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    hit: list[str] = []
    while len(hit) < times:
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
            try:
                process.wait(random.uniform(0, longest))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                # Its tasks end with it; what they have asked for may still be under way in the cluster.
                time.sleep(random.uniform(0, 1))
            output.seek(0)
            said = output.read()
        if process.returncode >= 0:
            if process.returncode:
                sys.exit(said)
            break
        hit.append((TASK.findall(said) or ["the start"])[-1])
    print(json.dumps({"killed": len(hit), "in": hit}))


if __name__ == "__main__":
    main()
