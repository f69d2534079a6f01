# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""End a task when its playbook is killed."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def end_with_playbook() -> None:
    """Let the kernel kill this worker when its playbook is killed.

    ansible-core starts each worker in its own session, so a worker of a killed playbook would continue to the end of
    its task, and write to cluster and node at the same time as the next run.
    """
    playbook = multiprocessing.parent_process()
    if playbook is None or sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != playbook.pid:
        # It was killed before this was set.
        os.kill(os.getpid(), signal.SIGKILL)
