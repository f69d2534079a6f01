# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Evaluate the rule of one of Traefik's routers: whether it matches a request (``None``: unknown).

The language is that of traefik/traefik, pkg/rules/parser.go and pkg/muxer/http/matcher.go: matchers such as
``Host("example.org")`` with ``&&``, ``||``, ``!`` and parentheses.
"""

from __future__ import annotations

import ast
import dataclasses
import re
import typing as t
import urllib.parse

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping

_TOKEN = re.compile(r'\s*(?:(&&|\|\||!|\(|\)|,)|("(?:[^"\\]|\\.)*"|`[^`]*`)|([A-Za-z]+))')


@dataclasses.dataclass(frozen=True)
class WebRequest:
    """What routers look at. Requests of a trace are GET."""

    host: str
    path: str
    """With its query."""
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def bare_path(self) -> str:
        return self.path.partition("?")[0]

    def header(self, name: str) -> str | None:
        return {key.lower(): value for key, value in self.headers.items()}.get(name.lower())

    def query(self, name: str) -> list[str]:
        return urllib.parse.parse_qs(self.path.partition("?")[2], keep_blank_values=True).get(name, [])


class _UnreadableError(Exception):
    """The rule is not of the language."""


def matches(rule: str, request: WebRequest) -> bool | None:
    """Whether a rule matches a request; ``None`` if it has something that is not known here."""
    try:
        reader = _Reader(_tokens(rule), request)
        result = reader.any_of()
    except _UnreadableError:
        return None
    return result if reader.at_end else None


def _tokens(rule: str) -> list[str]:
    found, position = [], 0
    text = rule.rstrip()
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise _UnreadableError
        found.append(next(part for part in token.groups() if part is not None))
        position = token.end()
    return found


class _Reader:
    """Reads and evaluates at once, in the order of precedence: ``!``, ``&&``, ``||``."""

    def __init__(self, tokens: list[str], request: WebRequest) -> None:
        self._tokens = tokens
        self._request = request

    @property
    def at_end(self) -> bool:
        return not self._tokens

    def any_of(self) -> bool | None:
        parts = [self._all_of()]
        while self._skip("||"):
            parts.append(self._all_of())
        return True if True in parts else None if None in parts else False

    def _all_of(self) -> bool | None:
        parts = [self._one()]
        while self._skip("&&"):
            parts.append(self._one())
        return False if False in parts else None if None in parts else True

    def _one(self) -> bool | None:
        if self._skip("!"):
            inner = self._one()
            return None if inner is None else not inner
        if self._skip("("):
            inner = self.any_of()
            self._expect(")")
            return inner
        name = self._next()
        self._expect("(")
        values = [_literal(self._next())]
        while self._skip(","):
            values.append(_literal(self._next()))
        self._expect(")")
        matcher = MATCHERS.get((name.lower(), len(values)))
        return matcher(self._request, *values) if matcher else None

    def _next(self) -> str:
        if not self._tokens:
            raise _UnreadableError
        return self._tokens.pop(0)

    def _skip(self, token: str) -> bool:
        found = self._tokens[:1] == [token]
        del self._tokens[: int(found)]
        return found

    def _expect(self, token: str) -> None:
        if not self._skip(token):
            raise _UnreadableError


def _literal(token: str) -> str:
    """A string of Go: in backquotes as it is, in quotes with escapes, which are those of Python as far as used."""
    if token[0] == "`":
        return token[1:-1]
    if token[0] != '"':
        raise _UnreadableError
    try:
        return str(ast.literal_eval(token))
    except (SyntaxError, ValueError) as exc:
        raise _UnreadableError from exc


def _host(request: WebRequest, wanted: str) -> bool:
    host, wanted = request.host.lower().rstrip("."), wanted.lower().rstrip(".")
    if wanted.startswith("*."):
        # One label, as in a certificate.
        return host.partition(".")[2] == wanted[2:] and not host.startswith(".")
    return wanted in ("*", host)


def _expression(pattern: str, text: str | None) -> bool | None:
    if text is None:
        return False
    try:
        return re.search(pattern, text) is not None
    except re.error:
        # The regular expressions of Go and of Python differ.
        return None


MATCHERS: dict[tuple[str, int], t.Callable[..., bool | None]] = {
    ("host", 1): _host,
    ("hostregexp", 1): lambda request, pattern: _expression(pattern, request.host.lower()),
    ("path", 1): lambda request, path: request.bare_path == path,
    ("pathprefix", 1): lambda request, path: request.bare_path.startswith(path),
    ("pathregexp", 1): lambda request, pattern: _expression(pattern, request.bare_path),
    ("header", 2): lambda request, name, value: request.header(name) == value,
    ("headerregexp", 2): lambda request, name, pattern: _expression(pattern, request.header(name)),
    ("method", 1): lambda _request, method: method.upper() == "GET",
    ("query", 1): lambda request, name: "" in request.query(name),
    ("query", 2): lambda request, name, value: value in request.query(name),
}
