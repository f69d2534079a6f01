# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# Builds Linux as a user-mode program (user-mode Linux) from Debian's newest kernel source. With Debian's own
# user-mode-linux package, an older kernel that traps every system call with ptrace, all of it runs at half the speed.
# In: APT_SUITE (program), CONFIG (what the kernel must have). Out: linux.
set -eu -o pipefail
package=$("$APT_SUITE" trixie-backports depends linux-source)
"$APT_SUITE" trixie-backports download "$package"
dpkg-deb --fsys-tarfile ./*.deb | tar -x --strip-components=3 ./usr/src/
rm ./*.deb
mkdir source build
tar -xf "$package.tar.xz" -C source --strip-components=1 --exclude="$package/Documentation"
mkdir -p source/Documentation && touch source/Documentation/Kconfig
rm "$package.tar.xz"

# shellcheck disable=SC2153 # CONFIG comes from the environment
kernel() { make -C source ARCH=um O="$OUT/build" "$@"; }
kernel KCONFIG_ALLCONFIG="$CONFIG" allnoconfig
missing=$(grep '^CONFIG_' "$CONFIG" | grep -vxFf build/.config || true)
[ -z "$missing" ] || { printf 'options that this kernel does not have (any more):\n%s\n' "$missing" >&2; exit 1; }
kernel -j"$(nproc)" linux
strip -o linux build/linux
rm -rf source build
./linux --version
