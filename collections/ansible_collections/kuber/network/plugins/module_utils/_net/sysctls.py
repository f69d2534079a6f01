# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Settings of the kernel that kube-proxy's IPVS mode makes and never takes back."""

from __future__ import annotations

import fnmatch
import typing as t

DEFAULT = "0"
# pkg/proxy/ipvs/proxier.go of Kubernetes, NewProxier. All three together are the sign that it was kube-proxy.
_SIGN = {
    "net.ipv4.vs.conntrack": "1",
    "net.ipv4.vs.expire_nodest_conn": "1",
    "net.ipv4.vs.expire_quiescent_template": "1",
}
# What strictARP sets.
_ARP = {
    "net.ipv4.conf.all.arp_ignore": "1",
    "net.ipv4.conf.all.arp_announce": "2",
}
_PATHS = {f"/proc/sys/{key.replace('.', '/')}": key for key in (*_SIGN, *_ARP)}
# Each prints lines of its own form: PATH:VALUE, and KEY = VALUE.
READ_VALUES = ("grep", "-s", "", *_PATHS)
READ_FILES = (
    "sh",
    "-c",
    "cat /etc/sysctl.conf /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf "
    "/usr/lib/sysctl.d/*.conf /lib/sysctl.d/*.conf; true",
)


def parse_values(text: str) -> dict[str, str]:
    pairs = (line.strip().partition(":") for line in text.splitlines())
    return {_PATHS[path]: value.strip() for path, _colon, value in pairs if path in _PATHS}


def parse_files(text: str) -> frozenset[str]:
    """Which of the settings the files of sysctl.d speak of; they may be named with slashes, dashes and stars."""
    lines = [line.strip() for line in text.splitlines()]
    patterns = [
        line.partition("=")[0].strip().removeprefix("-").replace("/", ".")
        for line in lines
        if "=" in line and not line.startswith(("#", ";"))
    ]
    return frozenset(key for key in _PATHS.values() if any(fnmatch.fnmatchcase(key, one) for one in patterns))


def plan(values: t.Mapping[str, str], configured: t.Collection[str]) -> dict[str, str]:
    """What to set back to the kernel's default: what kube-proxy has set, and nobody's file asks for."""
    if any(values.get(key) != value for key, value in _SIGN.items()):
        return {}
    arp = _ARP if all(values.get(key) == value for key, value in _ARP.items()) else {}
    return {key: DEFAULT for key in (*_SIGN, *arp) if key not in configured}
