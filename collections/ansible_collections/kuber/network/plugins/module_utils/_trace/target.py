# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Parse the target of a trace."""

from __future__ import annotations

import dataclasses
import ipaddress
import re

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError

PORTS = {"http": 80, "https": 443}
SCHEMES = ("http", "https", "tcp", "udp", "service")
FORMS = (
    "http://HOST[:PORT]/PATH, https://..., tcp://HOST:PORT, udp://HOST:PORT, HOST:PORT, or "
    "service NAMESPACE/NAME[:PORT]"
)
_FORM = re.compile(r"(?:(?P<scheme>[a-z]+)(?:://|\s+))?(?P<rest>\S+)")
_PLACE = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")
_SERVICE = re.compile(r"(?P<namespace>[a-z0-9-]+)/(?P<name>[a-z0-9-]+)(?::(?P<port>[A-Za-z0-9-]+))?")


@dataclasses.dataclass(frozen=True)
class Target:
    """The destination and protocol of a request."""

    text: str
    scheme: str
    host: str
    port: int | None
    path: str = ""
    namespace: str = ""
    """With scheme service: the namespace of the Service whose name is ``host``."""
    port_name: str = ""

    @property
    def protocol(self) -> str:
        return "UDP" if self.scheme == "udp" else "TCP"

    @property
    def is_web(self) -> bool:
        return self.scheme in PORTS

    @property
    def is_name(self) -> bool:
        """Whether the name has to be resolved."""
        if self.scheme == "service":
            return False
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return True
        return False


def parse(text: str) -> Target:
    form = _FORM.fullmatch(text.strip())
    if form is None or form["scheme"] not in (None, *SCHEMES):
        raise _nonsense(text)
    scheme, rest = form["scheme"] or "tcp", form["rest"]
    if scheme == "service":
        return _service(text, rest)
    place, slash, path = rest.partition("/")
    found = _PLACE.fullmatch(place)
    if found is None or (slash and scheme not in PORTS):
        raise _nonsense(text)
    port = int(found["port"]) if found["port"] else PORTS.get(scheme)
    if port is None or not 0 < port < 65536:
        raise _nonsense(text)
    try:
        host = str(ipaddress.ip_address(found["v6"])) if found["v6"] else found["host"].lower()
    except ValueError as exc:
        raise _nonsense(text) from exc
    path = slash + path.partition("#")[0] or "/"
    return Target(text.strip(), scheme, host, port, path if scheme in PORTS else "")


def _service(text: str, rest: str) -> Target:
    found = _SERVICE.fullmatch(rest)
    if found is None:
        raise _nonsense(text)
    port = found["port"] or ""
    number = int(port) if port.isdigit() else None
    return Target(f"service {rest}", "service", found["name"], number, "", found["namespace"], "" if number else port)


def _nonsense(text: str) -> KuberError:
    return KuberError("Unsupported target", wanted=FORMS, found=repr(text))
