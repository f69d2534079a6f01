# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fixtures of the engine's tests that need an API server."""

from __future__ import annotations

from .._kube.conftest import client, cluster, namespace, webhook

__all__ = ["client", "cluster", "namespace", "webhook"]
