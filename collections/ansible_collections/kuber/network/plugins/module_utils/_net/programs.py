# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Run programs that a node lacks from the container of its kube-proxy.

Nodes of minikube (kicbase and the ISO) have iptables, but neither ipset nor nft. The container of kube-proxy has
all three, but may lack a shell. It shares the node's network, so only its files and its processes have to be
entered; without the latter /proc/self would lead nowhere, and iptables-legacy-save would find no tables there.
"""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Sequence  # pragma: no cover

NOT_FOUND = 127
"""The exit code of a shell, and of nsenter, for a missing program."""
NODE, PROXY = "node", "proxy"

# Sets pid to the process of kube-proxy, if there is one. A cluster inside the node (such as kind in Docker) has a
# kube-proxy too, but in another network namespace.
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
    """Return a command that looks for its program in these places, in order."""
    return ["sh", "-c", _SCRIPT, " ".join(places), *argv]


def by_hand(argv: Sequence[str]) -> str:
    """Return the same command as a user on the node can type it."""
    return f'nsenter -t "$(pidof -s kube-proxy)" -m -p {" ".join(argv)}'
