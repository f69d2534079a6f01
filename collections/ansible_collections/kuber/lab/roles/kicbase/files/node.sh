# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# The node image of minikube's docker driver (kicbase): the Debian tree, and the files that minikube's own module holds for it.
# In: SYSTEM (tree), PROGRAMS (with crictl and kicbase). Out: node.tar and import.args, for `docker import`.
# What kicbase has and this has not: Docker, cri-dockerd, CRI-O, podman, BuildKit, nerdctl. What neither has: ipset, ipvsadm, nft, Python, jq.
set -eu -o pipefail
cp -a "$SYSTEM" root
in_tree() { chroot root "$@"; }
in_tree dpkg --purge ipset nftables busybox-static
rm -rf root/etc/systemd/system/containerd.service root/var/log/* root/var/cache/debconf/*
mkdir -p root/opt/cni/bin
cp root/usr/lib/cni/* root/opt/cni/bin/
install -m 755 "$PROGRAMS/crictl" root/usr/local/bin/crictl
sed '/^ExecStartPre=/d; /^\[Service\]/a LimitNOFILE=1048576' "$SYSTEM/etc/systemd/system/containerd.service" \
  >root/usr/lib/systemd/system/containerd.service

kicbase=$PROGRAMS/kicbase
install -D -m 644 "$kicbase/containerd.toml" root/etc/containerd/config.toml
install -m 644 "$kicbase"/1[01]-*.conf root/etc/sysctl.d/
install -D -m 755 "$kicbase/scheduled-stop/minikube-scheduled-stop" root/var/lib/minikube/scheduled-stop/minikube-scheduled-stop
install -m 644 "$kicbase/scheduled-stop/minikube-scheduled-stop.service" root/usr/lib/systemd/system/
# A kubelet ends where /proc/cpuinfo tells no clock speed, and Linux as a program tells none. A container has a /proc of its own, so that
# only its first program can add the line.
sed '0,/^set -x$/s//set -x\ngrep -q "cpu MHz" \/proc\/cpuinfo || { { cat \/proc\/cpuinfo; echo "cpu MHz : 2000.000"; } >\/kind\/cpuinfo; mount --bind \/kind\/cpuinfo \/proc\/cpuinfo; }/' \
  "$kicbase/entrypoint" >root/usr/local/bin/entrypoint
grep -q kind/cpuinfo root/usr/local/bin/entrypoint
chmod 755 root/usr/local/bin/entrypoint
# Where root may not lower a program's oom_score_adj, as in many containers, runc ends when it is asked to. minikube would set this key back
# to false, and looks for it as it is written here, without quotes.
sed -i 's/restrict_oom_score_adj = false/"restrict_oom_score_adj" = true/' root/etc/containerd/config.toml
grep -q '"restrict_oom_score_adj" = true' root/etc/containerd/config.toml

# systemd in a container, as kind and kicbase have it
find root/usr/lib/systemd/system/sysinit.target.wants -name systemd-tmpfiles-setup.service -delete
rm -f root/usr/lib/systemd/system/multi-user.target.wants/* root/etc/systemd/system/*.wants/* \
  root/usr/lib/systemd/system/local-fs.target.wants/* root/usr/lib/systemd/system/sockets.target.wants/*{udev,initctl}* \
  root/usr/lib/systemd/system/basic.target.wants/*
echo ReadKMsg=no >>root/etc/systemd/journald.conf
ln -sf /lib/systemd/systemd root/sbin/init
in_tree systemctl --quiet disable udev.service containerd.service
in_tree systemctl --quiet mask systemd-binfmt.service
in_tree systemctl --quiet enable ssh.service
mkdir -p root/etc/kubernetes/manifests root/kind
printf '%s\n' 'PubkeyAcceptedAlgorithms +ssh-rsa' 'HostkeyAlgorithms +ssh-rsa' 'PubkeyAuthentication yes' 'PasswordAuthentication no' \
  >>root/etc/ssh/sshd_config
: >root/etc/machine-id

# the user that minikube logs in as
in_tree groupadd --force docker
in_tree useradd --create-home --shell /bin/bash --gid docker --groups sudo docker
in_tree usermod --password '*' docker
in_tree passwd --quiet --delete docker
install -d -o "$(in_tree id -u docker)" -g "$(in_tree id -g docker)" root/home/docker/.ssh
echo '%sudo ALL=(ALL) NOPASSWD:ALL' >root/etc/sudoers.d/20-passwordless-sudo
chmod 440 root/etc/sudoers.d/20-passwordless-sudo

tar --create --numeric-owner --xattrs --xattrs-include='security.capability' --file node.tar --directory root .
rm -rf root
cat >import.args <<'ARGS'
--change=ENV container=docker
--change=ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]
--change=STOPSIGNAL SIGRTMIN+3
--change=EXPOSE 22
ARGS
ls -s --block-size=M node.tar
