# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# A Debian 12 tree with systemd, sshd, and packages as a user installs them.
# In: APT_SUITE (program), PACKAGES (words). Out: root.
set -eu -o pipefail
# shellcheck disable=SC2153 # PACKAGES comes from the environment
packages=systemd,systemd-sysv,dbus,kmod,udev,openssh-server,iputils-ping,curl,ca-certificates,$(tr ' ' , <<<"$PACKAGES")
debootstrap --variant=minbase --include="$packages" bookworm root "$("$APT_SUITE" bookworm mirror)"
rm -rf root/var/cache/apt/archives/*.deb root/var/lib/apt/lists/* root/usr/share/{doc,man,locale}
du --summarize --block-size=M root
