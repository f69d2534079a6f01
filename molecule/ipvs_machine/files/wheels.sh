# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# The packages of requirements.txt as wheels for Debian 12's Python. In: PYTHON, REQUIREMENTS. Out: *.whl.
set -eu -o pipefail
"$PYTHON" -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary=:all: --python-version=3.11 \
  --requirement "$REQUIREMENTS"
ls -s --block-size=K ./*.whl
