# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# The dashboard's file system: Debian's Python and kube-web-view with all it imports. Out: $1.
# In: APT_SUITE, SYSTEM (for busybox), PYTHON (3.11, as in the image), FILES (this directory).
set -eu -o pipefail
root=$1
mkdir -p "$root"/{usr/bin,usr/lib/x86_64-linux-gnu,usr/lib64,etc,app,proc,sys,dev} debs
mkdir -m 1777 "$root/tmp"
for name in bin lib lib64; do ln -s "usr/$name" "$root/$name"; done
(cd debs && "$APT_SUITE" bookworm download python3.11-minimal libpython3.11-minimal libpython3.11-stdlib libexpat1 libffi8 \
  libssl3 zlib1g libbz2-1.0 liblzma5 libsqlite3-0 libuuid1 libcrypt1 libc6 libgcc-s1 libstdc++6)
for package in debs/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --exclude=./usr/share \
    --exclude='*/gconv*' --exclude='*/ensurepip*' --exclude='*/idlelib*' --exclude='*/lib2to3*'
done
rm -rf debs
ln -sf python3.11 "$root/usr/bin/python3"
install -m 755 "$SYSTEM/bin/busybox" "$root/usr/bin/busybox"
ln -s busybox "$root/usr/bin/sh"
"$PYTHON" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$root/app" --no-deps \
  --requirement "$FILES/dashboard/requirements.txt"
cp "$FILES/dashboard/behind_a_path.py" "$root/app/"
"$PYTHON" -m compileall -q --invalidation-mode unchecked-hash -s "$root" "$root/app" "$root/usr/lib/python3.11" >/dev/null || true
printf '%s\n' root:x:0:0:root:/root:/bin/sh >"$root/etc/passwd"
printf '%s\n' 'hosts: files dns' >"$root/etc/nsswitch.conf"
