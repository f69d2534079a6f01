# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each tool is called, as its users would."""

from __future__ import annotations

import dataclasses
import enum
import json
import os
import pathlib
import sys
import typing as t

from . import objects

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


class Phase(enum.Enum):
    """What is measured; the words are those of results.json."""

    FIRST = "first"
    UNCHANGED = "unchanged"
    ONE_PERCENT = "one_percent"
    CHECK = "check"


# Which revision of the set a phase brings, and which one is there after it.
REVISIONS = {Phase.FIRST: (0, 0), Phase.UNCHANGED: (0, 0), Phase.ONE_PERCENT: (1, 1), Phase.CHECK: (2, 1)}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the programs, the cluster and the sets are."""

    binaries: pathlib.Path
    scratch: pathlib.Path
    server: str
    kubeconfig: pathlib.Path
    ca: pathlib.Path
    token: str

    @property
    def stats(self) -> pathlib.Path:
        return self.scratch / "stats.json"

    def set(self, count: int, phase: Phase, suffix: str) -> pathlib.Path:
        return self.scratch / f"set-{count}-{REVISIONS[phase][0]}.{suffix}"

    def write_sets(self, count: int) -> None:
        for phase in Phase:
            bodies = objects.objects(count, revision=REVISIONS[phase][0])
            self.set(count, phase, "yml").write_text(objects.text(bodies))
            self.set(count, phase, "json").write_text(json.dumps(bodies))


@dataclasses.dataclass(frozen=True)
class Call:
    """One program with its arguments, and the exit codes that are fine."""

    argv: tuple[str, ...]
    codes: tuple[int, ...] = (0,)


@dataclasses.dataclass(frozen=True)
class Tool:
    """One tool: its name in the results, and how it is called."""

    name: str
    call: t.Callable[[Place, int, Phase], Call]


def environment(place: Place) -> dict[str, str]:
    """The same for all: nothing of the user's own settings, caches in a directory of this run."""
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(place.scratch),
        "TMPDIR": str(place.scratch),
        "KUBECONFIG": str(place.kubeconfig),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        # There is no inventory to read, and the environment of kubernetes.core has no plugin of ours.
        "ANSIBLE_INVENTORY_ENABLED": "host_list",
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "ANSIBLE_STDOUT_CALLBACK": "stats_to_file",
        # No other one: the drift report would end a check run that finds something with a code of its own.
        "ANSIBLE_CALLBACKS_ENABLED": "stats_to_file",
        "BENCH_STATS": str(place.stats),
    }


def idle(place: Place, count: int, phase: Phase) -> Call:
    """The part of ours that is not ours: Ansible with a task that does nothing."""
    return _playbook(pathlib.Path(sys.executable).parent, "idle.yml", place, count, phase)


def _ours(place: Place, count: int, phase: Phase) -> Call:
    return _playbook(pathlib.Path(sys.executable).parent, "ours.yml", place, count, phase)


def _kubernetes_core(place: Place, count: int, phase: Phase) -> Call:
    return _playbook(HERE / ".venv" / "bin", "kubernetes_core.yml", place, count, phase)


def _kubernetes_core_each(place: Place, count: int, phase: Phase) -> Call:
    return _playbook(HERE / ".venv" / "bin", "kubernetes_core_each.yml", place, count, phase)


def _playbook(binaries: pathlib.Path, name: str, place: Place, count: int, phase: Phase) -> Call:
    argv = [str(binaries / "ansible-playbook"), "-i", ",", str(HERE / name)]
    argv += ["-e", f"src={place.set(count, phase, 'yml')}"]
    return Call((*argv, "--check", "--diff") if phase is Phase.CHECK else tuple(argv))


def _kubectl(place: Place, count: int, phase: Phase) -> Call:
    kubectl, file = str(place.binaries / "kubectl"), str(place.set(count, phase, "yml"))
    if phase is Phase.CHECK:
        # 1: there are differences.
        return Call((kubectl, "diff", "--server-side", "-f", file), codes=(0, 1))
    return Call((kubectl, "apply", "--server-side", "-f", file))


def _bare(place: Place, count: int, phase: Phase) -> Call:
    argv = [sys.executable, str(HERE / "bare.py"), place.server, str(place.ca), place.token]
    argv.append(str(place.set(count, phase, "json")))
    return Call((*argv, "--dry-run") if phase is Phase.CHECK else tuple(argv))


OURS = Tool("ours", _ours)
KUBECTL = Tool("kubectl", _kubectl)
KUBERNETES_CORE = Tool("kubernetes.core", _kubernetes_core)
BARE = Tool("bare", _bare)
TOOLS = (OURS, KUBECTL, KUBERNETES_CORE, BARE)
# Not in results.json: the same tool as many people use it, a task for each object.
KUBERNETES_CORE_EACH = Tool("kubernetes.core, one task per object", _kubernetes_core_each)
