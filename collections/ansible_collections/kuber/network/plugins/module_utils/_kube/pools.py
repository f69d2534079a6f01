# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The connections to one API server, over a proxy where one leads there."""

from __future__ import annotations

import importlib.util
import typing as t

import urllib3

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._kube import proxies
from ansible_collections.kuber.network.plugins.module_utils._kube.kubeconfig import Access


def to(access: Access, *, parallel: int, block: bool) -> urllib3.PoolManager:
    """At most ``parallel`` connections if they ``block``, else as many as are needed."""
    options: dict[str, t.Any] = {"maxsize": parallel, "block": block, "retries": False}
    if access.tls is not None:
        options["ssl_context"] = access.tls
        if access.tls_server_name:
            options |= {"server_hostname": access.tls_server_name, "assert_hostname": access.tls_server_name}
    return _pool(access.proxy, options)


def _pool(proxy: str | None, options: dict[str, t.Any]) -> urllib3.PoolManager:
    if not proxy:
        return urllib3.PoolManager(**options)
    if proxy.startswith("socks5"):
        return _socks_pool(proxy, options)
    url, headers = proxies.without_credentials(proxy)
    return urllib3.ProxyManager(url, proxy_headers=headers, **options)


def _socks_pool(proxy: str, options: dict[str, t.Any]) -> urllib3.PoolManager:
    if importlib.util.find_spec("socks") is None:
        raise KuberError(
            f"The proxy {proxies.hidden(proxy)} needs the Python library PySocks",
            remedy="Install it where Ansible runs: pip install PySocks",
        )
    from urllib3.contrib.socks import SOCKSProxyManager

    # As for Go, names are looked up by the proxy.
    return SOCKSProxyManager(f"socks5h://{proxy.partition('://')[2]}", **options)
