# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# A cluster on the node's disk, made by minikube itself, shut down cleanly: what every lab starts from.
# In: MACHINE (program), LAB_KERNEL, LAB_MEMORY, LAB_CPU, DISK (of the disk stage), PROGRAMS, KUBERNETES_VERSION, PROFILE.
# Out: golden.ext4, home (minikube's own files: profile, certificates, kubeconfig, key).
set -eu -o pipefail
export LAB_NAME=kuber-golden-${OUT##*-} LAB_STATE=$OUT/state
home=$LAB_STATE/home
# Seen by this stage only, so that nothing of the name is left when it is killed. The machine's settings are recorded where every lab looks:
# the kubelet raises them here, too.
mkdir -p /run/netns
mount -t tmpfs names /run/netns
export LAB_SEES_OTHERS= # not from a process namespace of its own
as_host() { "$MACHINE" exec "$@"; }
node() {
  as_host ssh -i /run/kuber-lab/home/id -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o LogLevel=ERROR docker@192.168.99.134 "$@"
}

cp --sparse=always "$DISK/node.ext4" golden.ext4
"$MACHINE" host
cp "$DISK/id" "$home/id"
ssh-keygen -y -f "$home/id" >"$home/id.pub"
# minikube asks kubeadm for the names of the images, here, before it copies the binaries to the node
binaries=$home/.minikube/cache/linux/amd64/$KUBERNETES_VERSION
mkdir -p "$binaries"
for name in kubeadm kubectl kubelet; do ln -s "$PROGRAMS/kubernetes" "$binaries/$name"; done
ln -s "$PROGRAMS/kubernetes" "$home/bin/kubectl"
ln -s "$PROGRAMS/minikube" "$home/bin/minikube"

echo 'booting the node'
"$MACHINE" boot "$OUT/golden.ext4"
echo 'minikube start'
as_host minikube start --profile "$PROFILE" --driver=ssh --ssh-ip-address=192.168.99.134 --ssh-user=docker \
  --ssh-key=/run/kuber-lab/home/id --native-ssh=true --container-runtime=containerd --cni=bridge \
  --kubernetes-version="$KUBERNETES_VERSION" --wait=all --force --preload=false --cache-images=false --install-addons=false
as_host kubectl wait --for=condition=Ready "node/$PROFILE" --timeout=120s
for workload in daemonset/kube-proxy deployment/coredns; do
  as_host kubectl --namespace kube-system rollout status "$workload" --timeout=180s
done
# minikube starts the kubelet itself at every `minikube start`; here the node comes back alone when it is booted
node sudo SYSTEMCTL_SKIP_SYSV=1 systemctl --quiet enable kubelet
echo 'shutting the node down'
node sudo systemctl poweroff || true
for _ in $(seq 120); do
  pgrep --session "$(cat "$LAB_STATE/node.pid")" >/dev/null || break
  sleep 0.5
done
pgrep --session "$(cat "$LAB_STATE/node.pid")" >/dev/null && { echo 'the node does not shut down' >&2; exit 1; }
mv "$home" home
"$MACHINE" gone
ls -s --block-size=M golden.ext4
