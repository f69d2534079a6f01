# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Check the answers of a name server, over UDP or TCP."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._libraries import install
from ansible_collections.kuber.network.plugins.module_utils._probes import remote
from ansible_collections.kuber.network.plugins.module_utils._probes.probe import Outcome, Probe, shortened

try:
    import dns.exception
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdatatype
except ImportError as exc:
    IMPORT_ERROR: ImportError | None = exc
else:
    IMPORT_ERROR = None


if t.TYPE_CHECKING:  # pragma: no cover
    from ansible_collections.kuber.network.plugins.module_utils._runner import Runner


@dataclasses.dataclass(frozen=True)
class DnsProbe(Probe):
    server: str
    name: str
    type: str = "A"
    transport: str = "udp"
    port: int = 53
    answers: tuple[str, ...] = ()
    at_least: int = 1
    timeout: float = 3.0
    runner: Runner | None = None
    """Where the question comes from; without it this process asks."""

    @classmethod
    def load(cls, options: dict[str, t.Any], runner: Runner | None) -> DnsProbe:
        if IMPORT_ERROR is not None:
            raise KuberError(
                "Checks of name servers need the Python library dnspython on the controller",
                found=str(IMPORT_ERROR),
                remedy=install("dnspython"),
            ) from IMPORT_ERROR
        try:
            dns.rdatatype.from_text(options["type"])
            dns.name.from_text(options["name"])
        except dns.exception.DNSException as exc:
            asked = f"{options['name']} {options['type']}"
            raise KuberError("Invalid DNS query", wanted="a name and a type", found=asked) from exc
        return cls(**{**options, "answers": tuple(options["answers"]), "runner": runner})

    @property
    def serial(self) -> bool:
        return self.runner is not None

    @property
    def asked(self) -> str:
        tcp = "+tcp " if self.transport == "tcp" else ""
        port = f"-p {self.port} " if self.port != 53 else ""
        return f"dig {tcp}{port}@{self.server} {self.name} {self.type}"

    @property
    def wanted(self) -> str:
        if self.answers:
            return ", ".join(self.answers)
        return "an answer" if self.at_least == 1 else f"at least {self.at_least} answers"

    def attempt(self) -> Outcome:
        question = dns.message.make_query(self.name, self.type)
        try:
            reply = self._reply(question)
        except (TimeoutError, dns.exception.Timeout):
            return Outcome(False, f"no answer over {self.transport.upper()} in time")
        except (OSError, EOFError, dns.exception.DNSException) as exc:
            return Outcome(False, shortened(getattr(exc, "strerror", None) or str(exc) or type(exc).__name__))
        wanted_type = dns.rdatatype.from_text(self.type)
        found = sorted(str(item) for rrset in reply.answer if rrset.rdtype == wanted_type for item in rrset)
        if not found:
            return Outcome(False, f"{dns.rcode.to_text(reply.rcode())} without an answer")
        ok = sorted(self.answers) == found if self.answers else len(found) >= self.at_least
        return Outcome(ok, ", ".join(found))

    def _reply(self, question: dns.message.Message) -> dns.message.Message:
        if self.runner is None:
            ask = dns.query.tcp if self.transport == "tcp" else dns.query.udp
            return ask(question, self.server, timeout=self.timeout, port=self.port)
        wire = question.to_wire()
        raw = remote.exchange(self.runner, wire, self.server, self.port, transport=self.transport, timeout=self.timeout)
        return dns.message.from_wire(raw)
