# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Determine which features that kube-proxy needs a node's kernel has loaded, built in, or loadable.

The first question to a node in every run: it also finds out whether commands run there as root.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._proxy.proxy_modes import OLDEST_KERNEL, is_older

if t.TYPE_CHECKING:
    from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner  # pragma: no cover


@dataclasses.dataclass(frozen=True)
class Feature:
    """A kernel feature: its module, and the option that builds it."""

    module: str
    option: str

    def __str__(self) -> str:
        return f"{self.module} (CONFIG_{self.option})"


Need = tuple[Feature, ...]
"""Alternatives, of which one is enough; the usual one first."""


def _need(*names: str) -> Need:
    pairs = zip(names[::2], names[1::2], strict=True)
    return tuple(Feature(module, option) for module, option in pairs)


_RULES = (
    _need("nft_compat", "NFT_COMPAT", "ip_tables", "IP_NF_IPTABLES_LEGACY", "ip_tables", "IP_NF_IPTABLES"),
    _need("xt_comment", "NETFILTER_XT_MATCH_COMMENT"),
    _need("xt_conntrack", "NETFILTER_XT_MATCH_CONNTRACK"),
    _need("xt_mark", "NETFILTER_XT_MARK"),
    _need("xt_addrtype", "NETFILTER_XT_MATCH_ADDRTYPE"),
    _need("xt_MASQUERADE", "NETFILTER_XT_TARGET_MASQUERADE", "ipt_MASQUERADE", "IP_NF_TARGET_MASQUERADE"),
)
# By mode: what the rules of Kubernetes' pkg/proxy/{iptables,ipvs,nftables}/proxier.go use.
NEEDS: dict[str, tuple[Need, ...]] = {
    "iptables": (
        *_RULES,
        _need("xt_nat", "NETFILTER_XT_NAT"),
        _need("xt_statistic", "NETFILTER_XT_MATCH_STATISTIC"),
    ),
    "ipvs": (
        *_RULES,
        _need("ip_vs", "IP_VS"),
        _need("nf_conntrack", "NF_CONNTRACK"),
        _need("dummy", "DUMMY"),
        _need("xt_set", "NETFILTER_XT_SET"),
        _need("ip_set", "IP_SET"),
        _need("ip_set_hash_ip", "IP_SET_HASH_IP"),
        _need("ip_set_hash_ipport", "IP_SET_HASH_IPPORT"),
        _need("ip_set_hash_ipportip", "IP_SET_HASH_IPPORTIP"),
        _need("ip_set_hash_ipportnet", "IP_SET_HASH_IPPORTNET"),
        _need("ip_set_bitmap_port", "IP_SET_BITMAP_PORT"),
    ),
    "nftables": (
        _need("nf_tables", "NF_TABLES"),
        _need("nft_ct", "NFT_CT"),
        _need("nft_fib_ipv4", "NFT_FIB_IPV4"),
        _need("nft_masq", "NFT_MASQ"),
        _need("nft_nat", "NFT_NAT"),
        _need("nft_numgen", "NFT_NUMGEN"),
        _need("nft_reject_ipv4", "NFT_REJECT_IPV4", "nft_reject", "NFT_REJECT"),
    ),
}
DEFAULT_SCHEDULER = "rr"

# Every kernel with networking has this option: if it is listed, the options are known.
_WITNESS = "NET"
# Each line is the kind of evidence and the name. Many kernels contain their list of options, and distributions put
# it into /boot; the lists of built-in and loadable modules are in the directory of modules.
_SCRIPT = r"""
echo "user $(id -u)"
release=$(uname -r); modules=/lib/modules/$release
echo "release $release"
{
sed -n 's/^\([^ ]*\) .*/present \1/p' /proc/modules
for name in NAMES; do if test -e /sys/module/$name; then echo "present $name"; fi; done
if test -e /proc/net/ip_vs; then echo 'present ip_vs'; fi
if test -r $modules/modules.builtin; then
  echo 'known builtin'; sed -n 's#^.*/\([^/]*\)\.ko.*#present \1#p' $modules/modules.builtin
fi
if test -r $modules/modules.dep; then
  echo 'known loadable'; sed -n 's#^\([^:]*/\)*\([^/:]*\)\.ko[^:]*:.*#loadable \2#p' $modules/modules.dep
fi
if test -r /proc/config.gz; then zcat /proc/config.gz
elif test -r /boot/config-$release; then cat /boot/config-$release; fi |
  sed -n 's/^CONFIG_\([A-Z0-9_]*\)=\([ym]\)$/option \1 \2/p'
} 2>/dev/null | grep -E '^(known|(present|loadable|option) (PATTERN)( |$))'
true
"""


@dataclasses.dataclass(frozen=True)
class Kernel:
    """What is known about a node's kernel."""

    release: str
    present: frozenset[str]
    """Modules known to be loaded or built in."""
    loadable: frozenset[str] | None
    """Modules that can be loaded; ``None`` if the node has no list of them."""
    options: t.Mapping[str, str] | None
    """Options that are built in (y) or built as modules (m); ``None`` if they cannot be read."""
    knows_built_in: bool

    def has(self, part: Feature) -> bool | None:
        """Whether the kernel has the feature; ``None`` if unknown."""
        if part.module in self.present or part.module in (self.loadable or ()):
            return True
        if self.options is None:
            return None if self.loadable is None or not self.knows_built_in else False
        built = self.options.get(part.option)
        if built == "m":
            # A container sees the host's kernel, but not always its modules, which the host can load anyway.
            return None if self.loadable is None else False
        return built == "y"


def read(runner: Runner, *, scheduler: str = DEFAULT_SCHEDULER) -> Kernel:
    parts = [part for mode in NEEDS for need in needs(mode, scheduler) for part in need]
    names = sorted({part.module for part in parts})
    pattern = "|".join(sorted({_WITNESS, *names, *(part.option for part in parts)}))
    # File names of modules have dashes or underscores, without a rule.
    pattern = pattern.replace("_", "[_-]")
    script = _SCRIPT.replace("NAMES", " ".join(names)).replace("PATTERN", pattern)
    result = runner.run(["sh", "-c", script], check=False)
    reason = why_not_root(result)
    if reason:
        error = KuberError("Cannot run commands as root on this node", wanted="a shell as root", found=reason)
        error.partial = {"problem": reason}
        raise error
    return parse(result.stdout)


def why_not_root(result: Result) -> str:
    """Return why commands do not run as root, or print more than they should; empty if all is well."""
    before, user, after = f"\n{result.stdout}".partition("\nuser ")
    if not user or result.rc:
        return (result.stderr or result.stdout).strip() or "no answer"
    if before.strip():
        # It would be taken for a part of what every command prints.
        printed = " ".join(before.split())[:80]
        remedy = "take that out of its start files, such as ~/.bashrc"
        return f"the login shell prints before each command: {printed} ({remedy})"
    name = after.splitlines()[0]
    return "" if name == "0" else f"commands run as the user with ID {name}"


def parse(text: str) -> Kernel:
    facts: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        kind, *words = line.split()
        facts.setdefault(kind, []).append(words)
    known = {words[0] for words in facts.get("known", ())}
    options = {words[0]: words[1] for words in facts.get("option", ())}
    present, loadable = (
        frozenset(words[0].replace("-", "_") for words in facts.get(kind, ())) for kind in ("present", "loadable")
    )
    return Kernel(
        release=facts["release"][0][0],
        present=present,
        loadable=loadable if "loadable" in known else None,
        options=options if _WITNESS in options else None,
        knows_built_in="builtin" in known,
    )


def needs(mode: str, scheduler: str) -> tuple[Need, ...]:
    if mode != "ipvs":
        return NEEDS[mode]
    return (*NEEDS[mode], _need(f"ip_vs_{scheduler}", f"IP_VS_{scheduler.upper()}"))


def lacks(kernel: Kernel, mode: str, *, scheduler: str = DEFAULT_SCHEDULER) -> list[str]:
    """Return what the mode needs and the kernel is known to lack."""
    missing = [str(need[0]) for need in needs(mode, scheduler) if all(kernel.has(part) is False for part in need)]
    oldest = OLDEST_KERNEL.get(mode)
    if oldest is not None and is_older(kernel.release, oldest):
        missing.insert(0, f"Linux {'.'.join(map(str, oldest))}")
    return missing
