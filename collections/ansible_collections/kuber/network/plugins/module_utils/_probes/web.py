# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check the answers to HTTP requests, one or many."""

from __future__ import annotations

import collections
import dataclasses
import http.client
import re
import typing as t
import urllib.error
import urllib.request

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._probes import remote
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, Probe, excerpt, shortened

if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner

BODY_LIMIT = 1 << 20
PLAIN = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""The addresses are behind a route of this machine, where no proxy could reach them."""


@dataclasses.dataclass(frozen=True)
class Share:
    """How many answers must match."""

    matches: str
    at_least: int
    at_most: int


@dataclasses.dataclass(frozen=True)
class HttpProbe(Probe):
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    status: tuple[int, ...] = (200,)
    matches: str = ""
    count: int = 1
    shares: tuple[Share, ...] = ()
    timeout: float = 5.0
    address: str = ""
    """Where to connect to, whatever the name in the URL leads to."""
    runner: Runner | None = None
    """Where the requests come from; without it this process sends them."""

    @classmethod
    def load(cls, options: dict[str, t.Any], runner: Runner | None) -> HttpProbe:
        if options["address"] and runner is None:
            raise KuberError(
                "The option address is only for requests from elsewhere",
                wanted="from: host, or from: beside, with it",
                found=options["address"],
            )
        shares = tuple(Share(item["matches"], item["at_least"], item["at_most"]) for item in options["shares"])
        return cls(
            url=options["url"],
            headers=tuple((name, str(value)) for name, value in options["headers"].items()),
            status=tuple(options["status"]),
            matches=options["matches"],
            count=options["count"],
            shares=shares,
            timeout=options["timeout"],
            address=options["address"],
            runner=runner,
        )

    @property
    def serial(self) -> bool:
        return self.runner is not None

    @property
    def asked(self) -> str:
        headers = "".join(f" -H '{name}: {value}'" for name, value in self.headers)
        times = f" ({self.count} times)" if self.count > 1 else ""
        resolve = "".join(f" {word}" for word in remote.resolve_options(self.url, self.address))
        return f"curl -L{resolve}{headers} {self.url}{times}"

    @property
    def wanted(self) -> str:
        parts = [" or ".join(str(code) for code in self.status)]
        parts += [f"/{self.matches}/"] if self.matches else []
        parts += [f"{share.at_least} to {share.at_most} of {self.count} /{share.matches}/" for share in self.shares]
        return ", ".join(parts)

    def attempt(self) -> Outcome:
        (first,) = self._ask(1)
        if self.count == 1 or not re.match(r"[0-9]{3}\b", first.found):
            # If nothing answers, the other requests would only take as long.
            return first
        answers = [first, *self._ask(self.count - 1)]
        good = sum(answer.ok for answer in answers)
        seen = collections.Counter(answer.found for answer in answers)
        if not self.shares and good == self.count:
            kinds = seen if len(seen) <= 3 else {"as wanted": good}
            return Outcome(True, ", ".join(f"{times} x {found}" for found, times in _most(kinds)))
        if not self.shares or good < self.count:
            wrong = collections.Counter(answer.found for answer in answers if not answer.ok)
            what = ", ".join(f"{times} x {found}" for found, times in _most(wrong))
            return Outcome(False, f"{good} of {self.count} as wanted; {what}")
        return self._distribution(seen)

    def _distribution(self, seen: collections.Counter[str]) -> Outcome:
        parts, ok = [], True
        for share in self.shares:
            times = sum(amount for found, amount in seen.items() if re.search(share.matches, found))
            ok = ok and share.at_least <= times <= share.at_most
            parts.append(f"{times} of {self.count}" + (f" /{share.matches}/" if len(self.shares) > 1 else ""))
        return Outcome(ok, ", ".join(parts))

    def _ask(self, count: int) -> list[Outcome]:
        if self.runner is None:
            return [self._request() for _number in range(count)]
        answers = remote.fetch(
            self.runner, self.url, self.headers, timeout=self.timeout, count=count, address=self.address
        )
        return [
            self._judge(one.status, one.body) if one.status else Outcome(False, shortened(one.problem))
            for one in answers
        ]

    def _request(self) -> Outcome:
        try:
            # The options allow only http and https.
            with PLAIN.open(
                urllib.request.Request(self.url, headers=dict(self.headers)), timeout=self.timeout
            ) as answer:
                return self._judge(answer.status, _text(answer))
        except urllib.error.HTTPError as exc:
            with exc:
                return self._judge(exc.code, _text(exc))
        except urllib.error.URLError as exc:
            return Outcome(False, shortened(_reason(exc.reason)))
        except (OSError, http.client.HTTPException) as exc:
            return Outcome(False, shortened(_reason(exc)))

    def _judge(self, status: int, body: str) -> Outcome:
        found = re.search(self.matches, body, re.MULTILINE) if self.matches else None
        ok = status in self.status and (found is not None or not self.matches)
        shown = excerpt(found.group(found.lastindex or 0) if found else body)
        return Outcome(ok, f"{status} {shown}".strip())


def _text(answer: t.IO[bytes]) -> str:
    return answer.read(BODY_LIMIT).decode(errors="replace")


def _most(seen: t.Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(seen.items(), key=lambda item: -item[1])[:3]


def _reason(exc: str | BaseException) -> str:
    if isinstance(exc, TimeoutError):
        return "no answer in time"
    if isinstance(exc, ConnectionRefusedError):
        return "connection refused"
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
