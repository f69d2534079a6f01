# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Which proxy leads to an API server, by the rules of Go's golang.org/x/net/http/httpproxy, which kubectl follows."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import typing as t
import urllib.parse

SCHEMES = ("http", "https", "socks5", "socks5h")
PORTS = {"http": "80", "https": "443"}
WANTED = "a URL that begins with http://, https:// or socks5://"


def own(url: str, field: str) -> str:
    """The proxy that a cluster of a kubeconfig names; it counts whatever NO_PROXY says."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise ValueError(f"{field} is {hidden(url)}; expected: {WANTED}")
    return url


def of_environment(server: str, environ: t.Mapping[str, str]) -> str | None:
    """The proxy that the environment names, unless it exempts the server. Go reads no ALL_PROXY."""
    parts = urllib.parse.urlsplit(server)
    name = f"{parts.scheme.upper()}_PROXY"
    url = environ.get(name) or environ.get(name.lower())
    if not url or _is_exempt(parts, environ.get("NO_PROXY") or environ.get("no_proxy") or ""):
        return None
    if "://" not in url:
        url = f"http://{url}"
    return own(url, f"the environment variable {name}")


def without_credentials(url: str) -> tuple[str, dict[str, str]]:
    """The URL of a proxy without user and password, and the header that carries them instead."""
    parts = urllib.parse.urlsplit(url)
    userinfo, separator, place = parts.netloc.rpartition("@")
    if not separator:
        return url, {}
    user, _colon, password = userinfo.partition(":")
    pair = f"{urllib.parse.unquote(user)}:{urllib.parse.unquote(password)}"
    header = {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    return urllib.parse.urlunsplit(parts._replace(netloc=place)), header


def hidden(url: str) -> str:
    """The URL as it may be shown: without user and password."""
    before, separator, place = url.rpartition("@")
    if not separator:
        return url
    return f"{before.partition('://')[0]}://***@{place}" if "://" in before else f"***@{place}"


def _is_exempt(server: urllib.parse.SplitResult, no_proxy: str) -> bool:
    host = (server.hostname or "").lower()
    port = str(server.port or PORTS.get(server.scheme, ""))
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    return any(_matches(entry.strip().lower(), host, port, address) for entry in no_proxy.split(","))


_Address = t.Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def _matches(entry: str, host: str, port: str, address: _Address | None) -> bool:
    """Whether one entry of NO_PROXY is about the server; an entry that means nothing is about none."""
    if entry == "*":
        return True
    if "/" in entry:
        with contextlib.suppress(ValueError):
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
    name, only = _split(entry)
    if not name or only not in ("", port):
        return False
    if (wanted := _address(name)) is not None:
        return wanted == address
    name = name.removeprefix("*")
    if name.startswith("."):
        return host.endswith(name)
    return host == name or host.endswith(f".{name}")


def _split(entry: str) -> tuple[str, str]:
    """Host and port of an entry such as "host", "host:port", "[::1]:port"."""
    if entry.startswith("["):
        name, _bracket, rest = entry[1:].partition("]")
        return name, rest.removeprefix(":")
    if entry.count(":") == 1:
        name, _colon, port = entry.partition(":")
        return name, port
    return entry, ""


def _address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
