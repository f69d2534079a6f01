# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Variables that had another name in an earlier version."""

from __future__ import annotations

# The old name, and the variable to set instead.
RENAMED = {
    "preflight_names": "host_network_entries",
    "preflight_persistent": "host_network_persistent",
    "preflight_pool": "metallb_pool_addresses",
    "preflight_proxy_mode": "kube_proxy_mode",
    "preflight_proxy_scheduler": "kube_proxy_scheduler",
    "preflight_proxy_settings": "kube_proxy_settings",
    "preflight_route": "host_network_destination",
    "preflight_route_nodes": "host_network_nodes",
    "preflight_take_over": "host_network_take_over",
    "preflight_via": "host_network_via",
    "verify_canary_cookie": "canary_cookie",
    "verify_canary_current": "canary_current",
    "verify_canary_header": "canary_header",
    "verify_canary_header_value": "canary_header_value",
    "verify_canary_host": "canary_host",
    "verify_canary_next": "canary_next",
    "verify_canary_path": "canary_path",
    "verify_canary_weight": "canary_weight",
    "verify_dashboard_host": "dashboard_host",
    "verify_dashboard_path": "dashboard_path",
    "verify_destination": "host_network_destination",
    "verify_dns_address": "metallb_dns_address",
    "verify_echo_reply": "kube_proxy_echo_reply",
    "verify_entries": "host_network_entries",
    "verify_host_network": "host_network_enabled",
    "verify_ingress_address": "ingress_nginx_address",
    "verify_nodes": "host_network_nodes",
    "verify_page": "web_app_readiness_path",
    "verify_pool": "metallb_pool_addresses",
    "verify_pool_name": "metallb_pool_name",
    "verify_proxy_mode": "kube_proxy_mode",
    "verify_route": "host_network_route_enabled",
    "verify_scheduler": "kube_proxy_scheduler",
    "verify_strict_arp": "kube_proxy_strict_arp",
    "verify_via": "host_network_via",
    "verify_web_address": "web_app_address",
    "verify_web_host": "web_app_host",
    "verify_web_namespace": "web_app_namespace",
    "verify_web_path": "web_app_path",
    "verify_web_replicas": "web_app_replicas",
}
