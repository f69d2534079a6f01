# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# Docker's engine as Debian packages it, unpacked. runc is bookworm's, as newer ones want a newer C library; the others are static enough.
# In: APT_SUITE. Out: usr/bin, usr/sbin.
set -eu -o pipefail
mkdir debs
(cd debs && "$APT_SUITE" sid download docker.io docker-cli containerd tini-static && "$APT_SUITE" bookworm download runc)
for package in debs/*.deb; do dpkg-deb -x "$package" .; done
rm -rf debs etc lib var usr/share usr/lib/systemd
usr/bin/docker --version
usr/sbin/dockerd --version
