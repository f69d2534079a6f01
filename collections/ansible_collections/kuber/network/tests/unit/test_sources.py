# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How commands are made, in all sources: of words, each one argument, and never of a text that a shell would read."""

from __future__ import annotations

import ast
import pathlib
import typing as t

import pytest
import yaml

COLLECTION = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted((COLLECTION / "plugins").rglob("*.py"))
RUNNERS = frozenset({"run", "Popen", "call", "check_call", "check_output", "run_command"})
FORBIDDEN = frozenset({"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"})
# Scripts for the shell of a node or a pod: constants, words out of a table, or commands that shlex has joined.
WITH_SCRIPTS = frozenset({"batch.py", "kernel.py", "node_write.py", "programs.py", "stand_ins.py"})
PLAYBOOKS = COLLECTION.parents[3] / "playbooks"
YAML = sorted([*COLLECTION.glob("roles/*/tasks/*.yml"), *COLLECTION.glob("playbooks/*.yml"), *PLAYBOOKS.rglob("*.yml")])
SHELLS = frozenset({"ansible.builtin.shell", "shell", "ansible.builtin.expect", "ansible.builtin.script"})


def is_text(node: ast.expr) -> bool:
    """A text, or one that is put together."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp):
        return is_text(node.left) or is_text(node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.attr in {"format", "join"} and is_text(node.func.value)
    return isinstance(node, ast.JoinedStr)


def complaints(tree: ast.AST, *, scripts: bool = False) -> t.Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in FORBIDDEN:
                yield f"line {node.lineno}: {name}"
            if any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in node.keywords):
                yield f"line {node.lineno}: shell=..."
            if name.rpartition(".")[2] in RUNNERS and node.args and is_text(node.args[0]):
                yield f"line {node.lineno}: {name} with a text"
        if isinstance(node, ast.List) and not scripts:
            words = [word.value for word in node.elts if isinstance(word, ast.Constant)]
            if words[:1] in (["sh"], ["bash"], ["/bin/sh"]):
                yield f"line {node.lineno}: a shell"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(COLLECTION / "plugins")))
def test_commands_are_lists_of_words(path: pathlib.Path) -> None:
    assert list(complaints(ast.parse(path.read_text()), scripts=path.name in WITH_SCRIPTS)) == []


@pytest.mark.parametrize(
    "source",
    [
        "runner.run('ip route')",
        "runner.run(f'ip route get {address}')",
        "runner.run('ip route get ' + address)",
        "runner.run('ip route get %s' % address)",
        "runner.run('ip route get {}'.format(address))",
        "runner.run(' '.join(words))",
        "subprocess.run(argv, shell=True)",
        "os.system(command)",
        "runner.run(['sh', '-c', f'ip route get {address}'])",
    ],
)
def test_other_ways_would_be_found(source: str) -> None:
    assert len(list(complaints(ast.parse(source)))) == 1


def keys(value: object) -> t.Iterator[str]:
    if isinstance(value, dict):
        yield from (str(key) for key in value)
        for part in value.values():
            yield from keys(part)
    elif isinstance(value, list):
        for part in value:
            yield from keys(part)


@pytest.mark.parametrize("path", YAML, ids=lambda path: f"{path.parents[1].name}/{path.name}")
def test_playbooks_and_roles_start_no_shell(path: pathlib.Path) -> None:
    assert set(keys(yaml.safe_load(path.read_text()))) & SHELLS == set()
