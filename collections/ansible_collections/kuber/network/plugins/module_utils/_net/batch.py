# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Run many read-only commands in one call, because over a network the round trips take longer than the work."""

from __future__ import annotations

import re
import shlex
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._runner import Result

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner  # pragma: no cover

_MARK = "=kuber.network="
# Standard output passes through; standard error is kept until the command has ended. Messages are in English.
_COMMAND = "errors=$({} 2>&1 >&3 3>&-); printf '\\n{} %s\\n%s\\n{}\\n' $? \"$errors\" >&3\n"
# Output may lack a final newline, and a terminal in between changes the line endings.
_END = re.compile(rf"\r?\n?{_MARK} (\d+)\r?\n(.*?)\r?\n{_MARK}\r?\n", re.DOTALL)


def run_all(runner: Runner, commands: t.Mapping[str, t.Sequence[str]]) -> dict[str, Result]:
    """Return the results by name."""
    if not runner.has_shell:
        return {name: runner.run(argv, check=False) for name, argv in commands.items()}
    lines = [_COMMAND.format(shlex.join(argv), _MARK, _MARK) for argv in commands.values()]
    done = runner.run(["sh", "-c", "".join(["LC_ALL=C; export LC_ALL; exec 3>&1\n", *lines])], check=False)
    parts = _END.split(done.stdout)
    found = iter(zip(parts[::3], parts[1::3], parts[2::3], strict=False))
    results = {}
    for name, argv in commands.items():
        # Without a shell on the machine, none of them has run.
        output, code, errors = next(found, ("", str(done.rc or 1), done.stderr))
        results[name] = Result(tuple(argv), int(code), output, errors)
    return results
