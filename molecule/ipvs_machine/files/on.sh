# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash

# on.sh LOG DIRECTORY COMMAND SSH... : run a command for the shell in a directory of the machine that SSH... reaches, and add what it prints, and how
# long it took, to LOG, where it can be followed.
set -u -o pipefail
log=$1 directory=$2 command=$3
shift 3
began=$SECONDS
printf '\n$ %s\n' "$command" >>"$log"
"$@" "cd $directory && $command" > >(tee -a "$log") 2> >(tee -a "$log" >&2)
status=$?
wait
printf '# exit code %d, %d s\n' "$status" $((SECONDS - began)) >>"$log"
exit "$status"
