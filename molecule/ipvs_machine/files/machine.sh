# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# The disk of a Debian machine on which the lab is already built: each result of the lab's stages where this machine keeps it, and the virtual
# environment that `make` would install. The clone itself is not on it.
# In: DEBIAN (tree), WHEELS, REQUIREMENTS, CLONE (path on the machine), RESULTS (words), NETWORK (files of the lab's node). Out: machine.ext4, id.
set -eu -o pipefail
cp -a "$DEBIAN/root" tree
in_tree() { chroot tree "$@"; }
for file in usr/local/sbin/node-network etc/systemd/system/node-network.service etc/ssh/sshd_config.d/node.conf; do
  install -D -m "$(stat --format=%a "$NETWORK/$file")" "$NETWORK/$file" "tree/$file"
done
: >tree/etc/sysctl.d/99-kubernetes.conf # node-network reads it, and a user's machine sets nothing there
echo debian >tree/etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 debian\n' >tree/etc/hosts
echo nameserver 192.168.99.1 >tree/etc/resolv.conf # none answers there
echo '/dev/ubda / ext4 defaults,noatime 0 0' >tree/etc/fstab
: >tree/etc/machine-id # not a first boot, at which systemd would enable more than Debian has
ssh-keygen -q -t ed25519 -N '' -C machine -f id
install -D -m 600 id.pub tree/root/.ssh/authorized_keys
rm id.pub
in_tree ssh-keygen -A
in_tree systemctl --quiet enable node-network.service ssh.service
# what needs a network with a way out, a terminal, or another disk
in_tree systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
  getty@tty1.service console-getty.service

mkdir -p "tree$CLONE" tree/mnt/wheels
cp "$REQUIREMENTS" "tree$CLONE/requirements.txt"
mount --bind "$WHEELS" tree/mnt/wheels
# As the Makefile does it, and under the name by which it knows that this is done.
# shellcheck disable=SC2016 # expanded by the inner shell
in_tree bash -eu -c '
  cd "$1"
  python3 -m venv .venv
  .venv/bin/python -m pip --isolated install -q --no-index --find-links=/mnt/wheels --require-hashes --no-deps -r requirements.txt
  touch ".venv/.use-$({ pwd -P; python3 -VV; cat requirements.txt; } | sha256sum | cut -c1-16)"' bash "$CLONE"
umount tree/mnt/wheels

for result in $RESULTS; do
  # The name of a result depends on where its parts lie.
  cache=${result%/*}
  mkdir -p "tree$cache"
  cp -a "$result" "tree$result"
  # By the time that it took, the lab knows what has been built once.
  name=${result##*/}
  echo 0 >"tree$cache/${name%-*}.seconds"
done
echo "SetEnv LANG=C.UTF-8 XDG_CACHE_HOME=${cache%/*}" >>tree/etc/ssh/sshd_config.d/node.conf
truncate -s 20G machine.ext4
mkfs.ext4 -q -F -m 0 -O ^metadata_csum -E lazy_itable_init=1,lazy_journal_init=1 -J size=64 -d tree machine.ext4
rm -rf tree
ls -s --block-size=M machine.ext4
