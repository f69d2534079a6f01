# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Query the kube-proxy of a node on that node: its mode, its iptables, its configuration."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import re
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._net.leftovers import MODES
from ansible_collections.kuber.network.plugins.module_utils._net.programs import FIND_PROXY

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._runner import Result  # pragma: no cover

    Network = t.Union[ipaddress.IPv4Network, ipaddress.IPv6Network]

# The address of the metrics server comes from the configuration that kube-proxy reads, or else is the default.
_SCRIPT = (
    FIND_PROXY
    + r"""
bind=
if [ -n "$pid" ]; then
  echo "process $pid"
  version=$(nsenter -t "$pid" -m -p iptables --version 2>/dev/null) && echo "iptables $version"
  words=$(tr '\000' '\n' <"/proc/$pid/cmdline")
  bind=$(echo "$words" | sed -n 's/^--metrics-bind-address=//p')
  file=$(echo "$words" | sed -n -e 's/^--config=//p' -e '/^--config$/{n;p;}')
  if [ -z "$bind" ] && [ -n "$file" ]; then
    bind=$(sed -n 's/^metricsBindAddress: *//p' "/proc/$pid/root$file" 2>/dev/null | tr -d "\"' ")
  fi
fi
port=${bind##*:}
host=${bind%:*}
case $host in ''|0.0.0.0|'[::]') host=127.0.0.1;; esac
ask() {
  if command -v curl >/dev/null 2>&1; then curl -sSf --noproxy '*' --max-time 5 "http://$host:${port:-10249}/$1"
  else http_proxy= wget -q -T 5 -O - "http://$host:${port:-10249}/$1"; fi 2>&1
}
echo "address $host:${port:-10249}"
if mode=$(ask proxyMode); then
  echo "mode $mode"
  if config=$(ask configz); then echo "configz $config"; fi
else echo "silence $mode"; fi
"""
)
READ = ("sh", "-c", _SCRIPT)
_FACT = re.compile(r"^(process|iptables|address|mode|configz|silence) (.*)$", re.MULTILINE)
_GROUP = "kubeproxy.config.k8s.io"


@dataclasses.dataclass(frozen=True)
class NodeProxy:
    """kube-proxy on the node."""

    mode: str | None
    """The running mode; ``None`` if it does not answer."""
    address: str = "127.0.0.1:10249"
    """The address of its metrics server."""
    silence: str = ""
    """Why there was no answer."""
    variant: str | None = None
    """The variant of iptables in its container, nft or legacy; ``None`` if unknown."""
    excluded: tuple[Network, ...] | None = None
    """The networks whose virtual servers it leaves alone (ipvs.excludeCIDRs); ``None`` if unknown."""

    def leaves_alone(self, address: str) -> bool:
        """Whether a virtual server on this address is certainly not kube-proxy's."""
        return any(ipaddress.ip_address(address) in network for network in self.excluded or ())


def parse(result: Result) -> NodeProxy:
    facts = dict(_FACT.findall(result.stdout.replace("\r\n", "\n")))
    mode = facts.get("mode", "").strip()
    silence = facts.get("silence", "").strip() or result.stderr.strip() or "no answer"
    if mode and mode not in MODES:
        silence = f"the answer {mode[:40]!r}"
    return NodeProxy(
        mode=mode if mode in MODES else None,
        address=facts.get("address", NodeProxy.address),
        silence="" if mode in MODES else silence,
        variant=_variant(facts.get("iptables", "")),
        excluded=_excluded(facts.get("configz", "")),
    )


def _variant(version: str) -> str | None:
    """Return the variant that ``iptables --version`` names; before 1.8 there was only legacy."""
    if not re.search(r"\bv\d", version):
        return None
    return "nft" if "nf_tables" in version else "legacy"


def _excluded(text: str) -> tuple[Network, ...] | None:
    try:
        # Older versions print the names of Go fields: IPVS, ExcludeCIDRs.
        config = _lower(_lower(json.loads(text)[_GROUP])["ipvs"])
        return tuple(ipaddress.ip_network(one, strict=False) for one in config.get("excludecidrs") or ())
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _lower(config: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {key.lower(): value for key, value in config.items()}


def require(proxy: NodeProxy, mode: str) -> None:
    """Raise unless kube-proxy runs in this mode, because the rules of a running mode must not be removed."""
    if proxy.mode == mode:
        return
    raise KuberError(
        f"kube-proxy on this node does not run in mode {mode}, so nothing on the node was changed",
        wanted=f"the answer {mode} from http://{proxy.address}/proxyMode on the node",
        found=proxy.mode or proxy.silence,
        remedy="The play 'Set the mode of kube-proxy' of node.yml sets the mode, on localhost: if this run skipped "
        "it, run without --limit, --tags and --start-at-task",
    )
