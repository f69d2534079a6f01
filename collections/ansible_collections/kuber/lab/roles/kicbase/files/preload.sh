# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# minikube's preload, the archive that every user of the docker driver downloads: the node's /var with all images, kubeadm, kubelet and kubectl in
# it. minikube unpacks it into the node's volume by itself when it lies in its cache.
# In: SYSTEM (a tree with containerd and ctr), IMAGES (archives), PROGRAMS, KUBERNETES_VERSION. Out: preloaded-images-....tar.lz4
set -eu -o pipefail
binaries=var/lib/minikube/binaries/$KUBERNETES_VERSION
mkdir -p "$binaries" var/lib/containerd
cp "$PROGRAMS/kubernetes" "$binaries/kubernetes"
for name in kubeadm kubectl kubelet; do ln -s kubernetes "$binaries/$name"; done

# Unpacked layers only: a node runs from them, and the garbage collector removes the packed ones within seconds.
DISCARD=--discard-unpacked-layers bash -eu "$IMPORT" var/lib/containerd "$IMAGES"/*.tar "$IMAGES"/docker/*.tar
tar --create --numeric-owner --xattrs --xattrs-include='security.capability' --directory var lib |
  lz4 -q -1 - "preloaded-images-k8s-v18-$KUBERNETES_VERSION-containerd-overlay2-amd64.tar.lz4"
rm -rf var
ls -s --block-size=M ./*.lz4
