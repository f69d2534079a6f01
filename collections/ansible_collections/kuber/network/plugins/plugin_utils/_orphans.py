# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""A task ends with the playbook that it belongs to."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_playbook() -> None:
    """Have the kernel kill this worker when its playbook is killed.

    ansible-core gives each worker a session of its own, so that one whose playbook was killed would go on to the end of
    its task, and write to cluster and node while the next run does.
    """
    playbook = multiprocessing.parent_process()
    if playbook is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != playbook.pid:
        # It was killed before the kernel knew.
        os.kill(os.getpid(), signal.SIGKILL)
