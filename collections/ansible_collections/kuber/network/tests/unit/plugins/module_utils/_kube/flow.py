# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the engine a task goes through: which modules, which functions, and how deep they are nested.

Run as a program (``python -m``, with the name of this module) it prints that for one new Deployment, which a dry run
brings to the cluster of the kubeconfig that it is given.
"""

from __future__ import annotations

import pathlib
import sys
import threading
import types
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.plugins.module_utils._kube.decide import Options
from ansible_collections.kuber.network.plugins.module_utils._kube.documents import from_definition
from ansible_collections.kuber.network.plugins.module_utils._kube.engine import DesiredSet, Run

PRODUCT = "/kuber/network/plugins/module_utils/"


class Flow:
    """Notes what is called while it is entered, in all threads that begin meanwhile."""

    def __init__(self) -> None:
        self.functions: dict[str, dict[str, None]] = {}
        self.deepest: list[str] = []

    def __enter__(self) -> Flow:
        threading.settrace(self._note)
        sys.settrace(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)
        threading.settrace(None)

    def __str__(self) -> str:
        count = sum(map(len, self.functions.values()))
        lines = [f"{len(self.functions)} modules, {count} functions, {len(self.deepest)} deep"]
        lines += [f"{module}: {', '.join(names)}" for module, names in self.functions.items()]
        return "\n".join([*lines, "the deepest: " + " > ".join(self.deepest)])

    def _note(self, frame: types.FrameType, event: str, _argument: object) -> None:
        if event != "call" or not _is_ours(frame):
            return
        self.functions.setdefault(_module(frame), {})[frame.f_code.co_qualname] = None
        stack: list[str] = []
        above: types.FrameType | None = frame
        while above is not None:
            # A function that goes down into a value by calling itself is one step of the way.
            if _is_ours(above) and (not stack or stack[-1] != _name(above)):
                stack.append(_name(above))
            above = above.f_back
        if len(stack) > len(self.deepest):
            self.deepest = stack[::-1]


def _is_ours(frame: types.FrameType) -> bool:
    return PRODUCT in frame.f_code.co_filename and not frame.f_code.co_name.startswith("<")


def _module(frame: types.FrameType) -> str:
    return pathlib.PurePath(frame.f_code.co_filename).stem


def _name(frame: types.FrameType) -> str:
    return f"{_module(frame)}.{frame.f_code.co_qualname}"


def deployment() -> dict[str, t.Any]:
    """One without pods, as nobody runs any here."""
    container = {"name": "web", "image": "x", "readinessProbe": {"httpGet": {"path": "/", "port": 80}}}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def main() -> None:
    client = Client.from_kubeconfig(kubeconfig=sys.argv[1], context=None)
    run = Run(client, DesiredSet(tuple(from_definition([deployment()])), options=Options(check=True)), print)
    with Flow() as flow:
        run.execute()
    print(flow)


if __name__ == "__main__":
    main()
