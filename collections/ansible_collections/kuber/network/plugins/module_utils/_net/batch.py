# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Many commands that only read, run in one go: over a network the way there takes longer than the work."""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._runner import Result

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner  # pragma: no cover

_MARK = "=kuber.network="
# Output need not end with the end of a line, and a terminal in between ends lines in its own way.
_END = re.compile(rf"\r?\n?{_MARK} (\d+)\r?\n")


def run_all(runner: Runner, commands: t.Mapping[str, t.Sequence[str]]) -> dict[str, Result]:
    """The results by name. What the commands complain about is left out; exit codes are not."""
    lines = [f"{shlex.join(argv)} 2>/dev/null\nprintf '\\n{_MARK} %s\\n' $?\n" for argv in commands.values()]
    done = runner.run(["sh", "-c", "".join(lines)], check=False)
    parts = _END.split(done.stdout)
    found = iter(zip(parts[::2], parts[1::2], strict=False))
    results = {}
    for name, argv in commands.items():
        # A machine without a shell has run none of them.
        output, code = next(found, ("", str(done.rc or 1)))
        results[name] = Result(tuple(argv), int(code), output, "")
    return results
