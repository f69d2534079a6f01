# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Import the libraries for access to a cluster; actions import this before the modules that use them."""

from __future__ import annotations

from ansible_collections.kuber.network.plugins.plugin_utils import _libraries

_libraries.require("jmespath", "urllib3")
