# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# The node's disk: Debian with systemd, sshd and containerd, every image already imported, no cluster yet.
# In: SYSTEM (tree), IMAGES (archives), IMPORT (program), PROGRAMS, NODE (files laid over the tree), KUBERNETES_VERSION, NODE_NAME.
# Out: node.ext4, id (private key for the node's user "docker").
set -eu -o pipefail
cp -a "$SYSTEM" tree
rm tree/etc/os-release
cp -r "$NODE/." tree/
chmod 440 tree/etc/sudoers.d/docker
in_tree() { chroot tree "$@"; }
in_tree dpkg --purge ipset nftables busybox-static
install -m 755 "$PROGRAMS/crictl" tree/usr/local/bin/crictl

for family in iptables ip6tables; do in_tree update-alternatives --quiet --set $family /usr/sbin/$family-legacy; done
mkdir -p tree/opt/cni/bin
cp tree/usr/lib/cni/* tree/opt/cni/bin/
echo "$NODE_NAME" >tree/etc/hostname
# minikube looks for a line that ends in the node's name; without one every sudo waits for a name server that is not there
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$NODE_NAME" >tree/etc/hosts
echo nameserver 192.168.99.1 >tree/etc/resolv.conf # nobody answers there, and CoreDNS does not start without one
echo '/dev/ubda / ext4 defaults,noatime 0 0' >tree/etc/fstab
echo uninitialized >tree/etc/machine-id
sed -i '/^ExecStartPre=/d' tree/etc/systemd/system/containerd.service # modprobe: this kernel has no modules

# the user that minikube's machines have
in_tree useradd --create-home --shell /bin/bash --password '*' docker # no password, yet not locked
ssh-keygen -q -t ed25519 -N '' -C minikube -f id
for home in tree/root tree/home/docker; do install -D -m 600 id.pub $home/.ssh/authorized_keys; done
rm id.pub
in_tree chown -R docker:docker /home/docker
in_tree ssh-keygen -A

in_tree systemctl --quiet enable node-network.service ssh.service containerd.service
in_tree systemctl --quiet mask systemd-udevd.service systemd-udev-trigger.service systemd-udev-settle.service \
  systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-modules-load.service systemd-timesyncd.service \
  systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service systemd-random-seed.service \
  systemd-pstore.service systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-hwdb-update.service \
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  e2scrub_reap.service fstrim.timer getty@tty1.service console-getty.service

binaries=tree/var/lib/minikube/binaries/$KUBERNETES_VERSION
mkdir -p "$binaries"
cp "$PROGRAMS/kubernetes" "$binaries/"
for name in kubeadm kubectl kubelet; do ln -s kubernetes "$binaries/$name"; done

# containerd runs here, on the tree's own directory: seconds instead of most of a minute inside the machine
mkdir -p tree/var/lib/containerd
bash -eu "$IMPORT" tree/var/lib/containerd "$IMAGES"/*.tar | tee images.txt
pause=$(grep /pause: images.txt)
sed -i "s#@PAUSE_IMAGE@#$pause#" tree/etc/containerd/config.toml

truncate -s 10G node.ext4
mkfs.ext4 -q -F -O ^metadata_csum -E lazy_itable_init=1,lazy_journal_init=1 -J size=64 -d tree node.ext4
rm -rf tree images.txt
ls -s --block-size=M node.ext4
