# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# All images, as OCI archives. In: the variables that the three programs beside this script name.
set -eu -o pipefail
bash -eu "$FILES/ingress.sh" ingress
bash -eu "$FILES/dashboard.sh" dashboard
bash -eu "$FILES/traefik.sh" traefik
export INGRESS="$OUT/ingress" DASHBOARD="$OUT/dashboard" TRAEFIK="$OUT/traefik"
"$PYTHON" "$FILES/assemble.py"
rm -rf ingress dashboard traefik
ls -s --block-size=M ./*.tar
