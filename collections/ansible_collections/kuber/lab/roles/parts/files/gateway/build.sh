# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# The kinds of Gateway API, standard channel: manifests that its Go module has, one file of them all. In: MODULE (directory with go.mod), GO.
# The admission policy beside them is left out, which guards them from upgrades by others.
set -eu -o pipefail
cd "$MODULE"
PATH="$GO:$PATH"
GOFLAGS=-mod=readonly go mod download sigs.k8s.io/gateway-api
directory=$(GOFLAGS=-mod=readonly go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)
for file in "$directory"/config/crd/standard/*.yaml; do
  grep -q '^kind: CustomResourceDefinition$' "$file" || continue
  echo ---
  cat "$file"
done >"$OUT/gateway-api.yaml"
grep -c '^kind: CustomResourceDefinition$' "$OUT/gateway-api.yaml"
