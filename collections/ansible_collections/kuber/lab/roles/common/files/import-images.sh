# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# import-images ROOT ARCHIVE... : import images into ROOT, a directory that a node's containerd will have as its own.
# In: SYSTEM (a tree with containerd and ctr), DISCARD (an option of `ctr images import`, or nothing). Prints the images' names.
set -eu -o pipefail
root=$(realpath "$1")
shift
state=$(mktemp -d)
cat >"$state/containerd.toml" <<CONFIG
version = 3
root = "$root"
state = "$state/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]
[grpc]
address = "$state/containerd.sock"
CONFIG
"$SYSTEM/usr/bin/containerd" --config "$state/containerd.toml" >"$state/log" 2>&1 &
daemon=$!
images() { "$SYSTEM/usr/bin/ctr" --address "$state/containerd.sock" --namespace k8s.io images "$@"; }
until images ls >/dev/null 2>&1; do kill -0 $daemon && sleep 0.1; done
# shellcheck disable=SC2086 # one option or none
for archive in "$@"; do images import ${DISCARD:+--local $DISCARD} --snapshotter overlayfs "$archive" >/dev/null; done
for image in $(images ls -q); do images label "$image" io.cri-containerd.image=managed >/dev/null; done
images ls -q
kill $daemon
wait $daemon || true
if [ -n "${DISCARD-}" ]; then sleep 2; fi # for the garbage collector
rm -rf "$state"
