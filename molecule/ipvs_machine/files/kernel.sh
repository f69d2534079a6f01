# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# Prints as JSON what kube-proxy's modes have in the kernel of the lab's node, to be run as the lab's host. The node's programs are used where it has them,
# and kube-proxy's otherwise; none of it is what the product looks with.
set -eu -o pipefail
docker exec -i minikube bash -eu -o pipefail -s <<'NODE'
in_proxy() { nsenter --mount --target "$(pgrep --oldest --exact kube-proxy)" "$@"; }
count() { grep --count --extended-regexp "$@" || true; }
rules() { for program in iptables-nft ip6tables-nft iptables-legacy ip6tables-legacy; do $program-save 2>/dev/null || true; done; }
setting() { cat "/proc/sys/net/ipv4/$1" 2>/dev/null || echo 0; }
printf '{"mode": "%s", "virtual_servers": %d, "sets": %d, "addresses": %d, "iptables_chains": %d, "ipvs_chains": %d, "nftables_tables": %d, "settings": [%d, %d, %d, %d, %d]}\n' \
  "$(curl --silent --fail http://127.0.0.1:10249/proxyMode)" \
  "$(count '^(TCP|UDP|SCTP) ' /proc/net/ip_vs)" \
  "$(in_proxy ipset list -name | count '^KUBE-')" \
  "$(ip -o address show dev kube-ipvs0 2>/dev/null | count inet)" \
  "$(rules | count '^:KUBE-(SVC|SEP|EXT|FW|SVL)-')" \
  "$(rules | count '^:KUBE-(IPVS-FILTER|IPVS-OUT-FILTER|LOAD-BALANCER|NODE-PORT|SOURCE-RANGES-FIREWALL) ')" \
  "$(in_proxy nft list tables | count 'kube-proxy')" \
  "$(setting vs/conntrack)" "$(setting vs/expire_nodest_conn)" "$(setting vs/expire_quiescent_template)" \
  "$(setting conf/all/arp_ignore)" "$(setting conf/all/arp_announce)"
NODE
