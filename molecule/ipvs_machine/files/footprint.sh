# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# Prints what a lab may change on its machine: programs that run, mounts, control groups and what they hand on, namespaces, the network, kernel settings.
set -eu -o pipefail
export LC_ALL=C
# without the kernel's own threads, and without this session
# shellcheck disable=SC2009 # the names are wanted
ps --no-headers -N --ppid 2 -o comm | grep -vxE 'ps|sort|sed|bash|sshd|grep|systemd-.*' | sort -u | sed 's/^/process /'
findmnt --raw --noheadings --output TARGET,FSTYPE | sort | sed 's/^/mount /'
find /sys/fs/cgroup -maxdepth 1 -mindepth 1 -type d | sort | sed 's/^/group /'
sed 's/^/controllers /' /sys/fs/cgroup/cgroup.subtree_control
lsns --raw --noheadings --output TYPE,COMMAND | grep -vE '^(mnt|uts|user) ' | grep -vE ' (ps|lsns|bash).*' | sort | sed 's/^/namespace /'
ip -o address | sed 's/ *valid_lft.*//; s/^/address /'
ip route | sed 's/^/route /'
iptables-save | grep -v '^#' | sed 's/ \[[0-9:]*\]$//; s/^/rule /' || true
# The lock that labs share stays, and an empty directory beside it.
find /lib/modules /run/kuber-lab -maxdepth 1 ! -path /run/kuber-lab ! -name labs ! -name lock 2>/dev/null | sort | sed 's/^/file /' || true
sysctl --all --pattern '^(kernel|vm|net)\.' 2>/dev/null | grep -vE 'random\.|ns_last_pid|pty\.nr|nf_conntrack_count|netdev_rss_key|\.stat_refresh|tainted' | sort
