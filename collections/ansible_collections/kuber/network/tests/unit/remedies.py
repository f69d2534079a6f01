# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All remedies that messages can give, read from the source."""

from __future__ import annotations

import ast
import functools
import pathlib
import typing as t

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
# Functions whose second argument is a remedy, besides the keyword of this name.
SAYING = ("broken", "idle", "Trouble")
HOLE = "{}"


class Source:
    """The remedies of one file. What it takes over from another error is that one's."""

    def __init__(self, path: pathlib.Path) -> None:
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [one for one in ast.walk(self.tree) if isinstance(one, ast.FunctionDef)]
        self._functions = {one.name: one for one in functions}
        self._seen: list[str] = []

    def remedies(self) -> list[str]:
        found: dict[str, None] = {}
        for scope in [self.tree, *self._functions.values()]:
            for expression in _given(scope):
                found |= dict.fromkeys(self._texts(expression, scope))
        return [text for text in found if text.strip(" {}|")]

    def _texts(self, node: ast.expr, scope: ast.AST) -> list[str]:
        if isinstance(node, ast.Constant):
            return [node.value] if isinstance(node.value, str) else []
        if isinstance(node, ast.JoinedStr):
            return self._joined([self._texts(part, scope) for part in node.values])
        if isinstance(node, ast.FormattedValue):
            held = self._texts(node.value, scope) if isinstance(node.value, ast.Name) else []
            return held or [HOLE]
        if isinstance(node, ast.BinOp):
            return self._joined([self._texts(part, scope) or [HOLE] for part in (node.left, node.right)])
        if isinstance(node, ast.IfExp):
            return [*self._texts(node.body, scope), *self._texts(node.orelse, scope)]
        if isinstance(node, ast.BoolOp):
            return [text for part in node.values for text in self._texts(part, scope)]
        if isinstance(node, ast.Name):
            return self._named(node.id, scope)
        if isinstance(node, ast.Call):
            return self._called(node, scope)
        return []

    @staticmethod
    def _joined(parts: list[list[str]]) -> list[str]:
        found = [""]
        for part in parts:
            found = [before + after for before in found for after in part or [HOLE]]
        return found

    def _named(self, name: str, scope: ast.AST) -> list[str]:
        """A variable of the function, or a constant of the file."""
        if name in self._seen:
            return []
        self._seen.append(name)
        try:
            for place in (scope, self.tree):
                found = [
                    text
                    for one in ast.walk(place)
                    if isinstance(one, ast.Assign)
                    and any(isinstance(to, ast.Name) and to.id == name for to in one.targets)
                    for text in self._texts(one.value, place)
                ]
                if found:
                    return found
            return []
        finally:
            self._seen.pop()

    def _called(self, node: ast.Call, scope: ast.AST) -> list[str]:
        """What a function of the file returns, or the values of one of its dictionaries."""
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "get" and isinstance(function.value, ast.Name):
            tables = [
                one.value
                for one in ast.walk(self.tree)
                if isinstance(one, (ast.Assign, ast.AnnAssign)) and isinstance(one.value, ast.Dict)
                for to in (one.targets if isinstance(one, ast.Assign) else [one.target])
                if isinstance(to, ast.Name) and to.id == function.value.id
            ]
            rest = node.args[1:]
            return [
                text
                for one in [*(part for table in tables for part in table.values), *rest]
                for text in self._texts(one, scope)
            ]
        name = (
            function.id
            if isinstance(function, ast.Name)
            else function.attr
            if isinstance(function, ast.Attribute)
            else ""
        )
        made = self._functions.get(name)
        if made is None or name in self._seen:
            return []
        self._seen.append(name)
        try:
            returned = [one.value for one in ast.walk(made) if isinstance(one, ast.Return) and one.value is not None]
            return [text for one in returned for text in self._texts(one, made)]
        finally:
            self._seen.pop()


def _given(scope: ast.AST) -> t.Iterator[ast.expr]:
    """Expressions of remedies in a function, or outside of all functions."""
    waiting = list(ast.iter_child_nodes(scope))
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, ast.FunctionDef):
            continue
        waiting += ast.iter_child_nodes(one)
        if isinstance(one, ast.Call):
            yield from (word.value for word in one.keywords if word.arg == "remedy")
            name = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            if name in SAYING and len(one.args) > 1:
                yield one.args[1]


@functools.cache
def everything() -> dict[str, list[str]]:
    """Remedies by the file that gives them."""
    found = {str(path.relative_to(PLUGINS)): Source(path).remedies() for path in sorted(PLUGINS.rglob("*.py"))}
    return {path: texts for path, texts in found.items() if texts}
