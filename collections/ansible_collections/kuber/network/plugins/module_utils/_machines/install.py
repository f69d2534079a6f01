# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Install the collection, Ansible and their libraries on a machine, once for each version."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._machines.bundle import COLLECTION, Bundle
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

OLDEST_PYTHON = (3, 11)
# A relative directory is below the user's home, wherever the connection starts.
ENTER = 'cd && mkdir -p "$1" && cd "$1" || exit'
VERSION = f"import sys; print(sys.version.split()[0]); sys.exit(sys.version_info < {OLDEST_PYTHON})"
LAST_LINES = 5


@dataclasses.dataclass(frozen=True)
class Place:
    """The place of an installation: each version has its own directory."""

    directory: str
    version: str


def script(place: Place, text: str, *arguments: str) -> tuple[str, ...]:
    """Return a command that runs ``text`` in the directory; $1 is the directory, $2 the version, then the arguments."""
    return ("sh", "-c", f"{ENTER}\n{text}", "sh", place.directory, place.version, *arguments)


def ensure(
    runner: Runner,
    bundle: Bundle,
    *,
    directory: str,
    python: str,
    pip_arguments: t.Sequence[str] = (),
    tell: t.Callable[[str], None],
) -> tuple[Place, bool]:
    """Install unless installed; return the place, and whether it was installed now."""
    place = Place(directory, f"version-{bundle.key}")
    if runner.run(script(place, '[ ! -e "$2/installed" ] || echo yes')).stdout.strip() == "yes":
        return place, False
    _check_python(runner, place, python)
    tell("installing Ansible, its libraries and the collection")
    unpack = 'rm -rf "$2" && mkdir "$2" && tar -xzf - -C "$2"'
    archive = bundle.archive().decode(errors="surrogateescape")
    _run(runner, script(place, unpack), "Cannot copy the collection", stdin=archive)
    _run(
        runner,
        script(place, '"$3" -m venv "$2/venv"', python),
        "Cannot create a virtual environment",
        remedy="On Debian and Ubuntu, install the package python3-venv",
    )
    requirements = f"--requirement={place.version}/{COLLECTION}/requirements.txt"
    pip = 'python=$2/venv/bin/python; shift 2; exec "$python" -m pip install --quiet --disable-pip-version-check "$@"'
    _run(
        runner,
        script(place, pip, requirements, *pip_arguments, *bundle.packages),
        "pip cannot install Ansible and its libraries",
        remedy="Set machines_pip_arguments to use another package index or a directory of packages",
    )
    # Remove earlier versions only now that their successor works.
    tidy = 'touch "$2/installed"; for old in version-*; do [ "$old" = "$2" ] || rm -rf "$old"; done'
    _run(runner, script(place, tidy), "Cannot complete the installation")
    return place, True


def _check_python(runner: Runner, place: Place, python: str) -> None:
    done = runner.run(script(place, '"$3" -c "$4"', python, VERSION), check=False)
    if done.rc != 0:
        raise KuberError(
            f"{python} on the machine is too old or missing",
            wanted=f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer",
            found=_last(done),
            remedy="Install one, and set machines_python to it",
        )


def _run(
    runner: Runner, argv: tuple[str, ...], problem: str, *, stdin: str | None = None, remedy: str | None = None
) -> None:
    done = runner.run(argv, stdin=stdin, check=False)
    if done.rc != 0:
        raise KuberError(problem, wanted="exit code 0", found=f"exit code {done.rc}, {_last(done)}", remedy=remedy)


def _last(done: Result) -> str:
    lines = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return " ".join(line.strip() for line in lines[-LAST_LINES:]) or "no output"
