# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Programs that a node does not have are borrowed from the container of kube-proxy on it.

Nodes of minikube (kicbase as well as the ISO) have iptables, and neither ipset nor nft. The container of kube-proxy has
all three, but need not have a shell. It shares the node's network, so that only its files and its processes have to be
entered; without the latter /proc/self would lead nowhere, and iptables-legacy-save would find no tables there.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence  # pragma: no cover

NOT_FOUND = 127
"""The exit code of a shell, and of nsenter, for a program that is not there."""
NODE, PROXY = "node", "proxy"

# Sets pid to the process of kube-proxy, if there is one. A cluster inside the node (kind in Docker, for instance) has a
# kube-proxy, too, but in a network of its own.
FIND_PROXY = r"""
pid=
for process in /proc/[0-9]*; do
  read -r name <"$process/comm" || continue
  if [ "$name" = kube-proxy ] && [ "$process/ns/net" -ef /proc/self/ns/net ]; then pid=${process#/proc/}; break; fi
done 2>/dev/null
"""
_SCRIPT = rf"""
for place in $0; do
  if [ $place = node ]; then
    if command -v "$1" >/dev/null 2>&1; then exec "$@"; fi
  else
    {FIND_PROXY.strip()}
    if [ -n "$pid" ]; then
      nsenter -t "$pid" -m -p "$@"
      code=$?
      case $code in 126 | 127) ;; *) exit $code ;; esac
    fi
  fi
done
echo "$1 is neither on the node nor in a container of kube-proxy" >&2
exit 127
"""


def borrowed(argv: Sequence[str], *, places: Sequence[str] = (PROXY, NODE)) -> list[str]:
    """A command whose program is looked for in these places, in their order."""
    return ["sh", "-c", _SCRIPT, " ".join(places), *argv]


def by_hand(argv: Sequence[str]) -> str:
    """The same as somebody on the node would type it, with nothing that a node lacks."""
    return f'nsenter -t "$(pidof -s kube-proxy)" -m -p {" ".join(argv)}'
