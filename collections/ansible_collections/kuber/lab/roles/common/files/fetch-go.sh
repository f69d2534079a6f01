# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# Go as Debian builds it, unpacked into a directory. A go.mod that asks for a newer Go gets it from the module proxy.
# In: APT_SUITE. Out: usr/lib/go-1.26.
set -eu -o pipefail
"$APT_SUITE" sid download golang-1.26-go golang-1.26-src
for package in ./*.deb; do dpkg-deb -x "$package" .; done
rm ./*.deb
usr/lib/go-1.26/bin/go version
