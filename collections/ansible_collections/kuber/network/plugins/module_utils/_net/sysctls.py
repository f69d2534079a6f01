# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Plan to reset the kernel settings that kube-proxy's IPVS mode changes and never restores."""

from __future__ import annotations

import fnmatch
import typing as t

# NewProxier in Kubernetes' pkg/proxy/ipvs/proxier.go. All three together identify kube-proxy.
_SIGN = {
    "net.ipv4.vs.conntrack": "1",
    "net.ipv4.vs.expire_nodest_conn": "1",
    "net.ipv4.vs.expire_quiescent_template": "1",
}
# Set by strictARP.
_ARP = {
    "net.ipv4.conf.all.arp_ignore": "1",
    "net.ipv4.conf.all.arp_announce": "2",
}
# Before Linux 5.9 (and since 4.1); the kernel's default is 1.
_REUSE = {"net.ipv4.vs.conn_reuse_mode": "0"}
_DEFAULTS = dict.fromkeys((*_SIGN, *_ARP), "0") | dict.fromkeys(_REUSE, "1")
_PATHS = {f"/proc/sys/{key.replace('.', '/')}": key for key in _DEFAULTS}
# They print lines of the forms PATH:VALUE and KEY = VALUE.
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
    """Return which of the settings are configured in sysctl.d; names may have slashes, dashes and asterisks."""
    lines = [line.strip() for line in text.splitlines()]
    patterns = [
        line.partition("=")[0].strip().removeprefix("-").replace("/", ".")
        for line in lines
        if "=" in line and not line.startswith(("#", ";"))
    ]
    return frozenset(key for key in _PATHS.values() if any(fnmatch.fnmatchcase(key, one) for one in patterns))


def is_sign(values: t.Mapping[str, str]) -> bool:
    """Whether these are the values that kube-proxy sets in IPVS mode."""
    return all(values.get(key) == value for key, value in _SIGN.items())


def plan(values: t.Mapping[str, str], configured: t.Collection[str]) -> dict[str, str]:
    """Return the settings to reset to the kernel's default: those that kube-proxy set and no file configures."""
    if not is_sign(values):
        return {}
    together = [group for group in (_SIGN, _ARP, _REUSE) if all(values.get(key) == one for key, one in group.items())]
    return {key: _DEFAULTS[key] for group in together for key in group if key not in configured}
