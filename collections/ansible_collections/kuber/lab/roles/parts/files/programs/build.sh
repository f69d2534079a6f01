# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# Compiles a module's programs. In: MODULE (directory with go.mod), GO, PROGRAMS (lines "name package cgo ldflags"),
# COPIES (words "module:path": files and directories to copy out of modules).
# With netgo and osusergo a program that needs C (minikube's libvirt driver) shares its compiled packages with all others.
# Debugging information is left out where the compiler makes it: it is half a minute faster than stripping it later.
set -eu -o pipefail
cp -r "$MODULE" source
cd source
export GOFLAGS='-mod=readonly -buildvcs=false' GOGC=400 PATH="$GO:$PATH"
while read -r name package cgo ldflags; do
  echo "compiling $name"
  CGO_ENABLED=$cgo go build -v -trimpath -tags netgo,osusergo,libvirt_dlopen -gcflags=all=-dwarf=false -ldflags "-s -w $ldflags" -o "$OUT/$name" "$package"
done <<<"$PROGRAMS"
if [ -e "$OUT/kubernetes" ]; then
  mkdir "$OUT/bin"
  for name in kube-apiserver kube-controller-manager etcd kubectl; do ln -s ../kubernetes "$OUT/bin/$name"; done
fi
if [ -e pause.c ]; then gcc -Os -static -s -o "$OUT/pause" pause.c; fi
for copy in $COPIES; do
  directory=$(go list -m -f '{{.Dir}}' "${copy%%:*}")
  cp -r --no-preserve=mode "$directory/${copy#*:}" "$OUT/"
done
cd "$OUT"
chmod -R u+w source && rm -rf source
