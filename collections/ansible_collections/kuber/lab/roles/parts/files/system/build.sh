# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# A small Debian tree: the system of both kinds of node, and the parts that images are assembled from. The programs of the
# last line are for images only; the nodes are made without them, as minikube's own nodes have none of them.
# In: APT_SUITE (program). Out: root.
set -eu -o pipefail
packages=systemd,systemd-sysv,dbus,openssh-server,sudo,kmod,procps,iproute2,iputils-ping,curl,openssl,ca-certificates
packages+=,iptables,conntrack,ebtables,ethtool,socat,runc,containernetworking-plugins,udev,libseccomp2,pigz,lz4,rsync
packages+=,netcat-openbsd,vim-tiny
packages+=,ipset,nftables,busybox-static
debootstrap --variant=minbase --include="$packages" bookworm root "$("$APT_SUITE" bookworm mirror)"
rm -rf root/var/cache/apt/archives/*.deb root/var/lib/apt/lists/* root/usr/share/{doc,man,locale}

# a newer containerd than bookworm's: the kubelet needs its CRI RuntimeConfig call
mkdir containerd
(cd containerd && "$APT_SUITE" sid download containerd && dpkg-deb -x ./*.deb .)
install -m 755 containerd/usr/bin/{containerd,containerd-shim-runc-v2,ctr} root/usr/bin/
install -D -m 644 containerd/usr/lib/systemd/system/containerd.service root/etc/systemd/system/containerd.service
rm -rf containerd
root/usr/bin/containerd --version
