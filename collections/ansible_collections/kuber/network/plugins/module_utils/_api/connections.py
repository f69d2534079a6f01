# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""The connections to one API server, over a proxy where one leads there, and what it means that they break."""

from __future__ import annotations

import http.client
import importlib.util
import ssl
import typing as t
import urllib.parse

import urllib3

from ansible_collections.kuber.network.plugins.module_utils._api import proxies
from ansible_collections.kuber.network.plugins.module_utils._api.kubeconfig import Access
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._libraries import install


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
            remedy=install("PySocks"),
        )
    from urllib3.contrib.socks import SOCKSProxyManager

    # As for Go, names are looked up by the proxy.
    return SOCKSProxyManager(f"socks5h://{proxy.partition('://')[2]}", **options)


class CutOffError(ValueError):
    """An answer that is complete for HTTP, and is not for its reader."""

    def __init__(self, size: int) -> None:
        # Not what it says: it may be part of a Secret.
        super().__init__(f"{size} bytes that are not complete JSON")


NoAnswer = t.Union[urllib3.exceptions.HTTPError, CutOffError]


class ServerGoneError(KuberError):
    """There is no answer, or not the whole of one."""

    def __init__(
        self, *, server: str, context: str, cause: NoAnswer, timeout: urllib3.Timeout, proxy: str | None = None
    ) -> None:
        where = urllib.parse.urlsplit(server)
        port = where.port or (443 if where.scheme == "https" else 80)
        self.never_sent = isinstance(
            cause,
            urllib3.exceptions.NewConnectionError
            | urllib3.exceptions.ConnectTimeoutError
            | urllib3.exceptions.ProxyError,
        )
        self.untrusted = any(isinstance(one, UNTRUSTED) for one in _chain(cause))
        problem, remedy = _trouble(cause, untrusted=self.untrusted)
        over = f" over the proxy {proxies.hidden(proxy)}" if proxy else ""
        super().__init__(
            problem.format(server=f"the API server of context {context}"),
            wanted=f"an answer from {where.hostname}:{port}{over}",
            found=_plain(cause, timeout),
            remedy=remedy,
        )


# Anything else that befalls a TLS connection may be a server that restarts, or a network that is lost.
UNTRUSTED = (ssl.SSLCertVerificationError, urllib3.util.ssl_match_hostname.CertificateError)


def _trouble(cause: NoAnswer, *, untrusted: bool) -> tuple[str, str]:
    """What is wrong, and what to do about it."""
    if untrusted:
        problem = "The certificate of {server} is not trusted"
        return problem, "Check the certificate-authority of the context's cluster in the kubeconfig"
    if isinstance(cause, CutOffError):
        problem = "The answer of {server} is not complete"
        return problem, "See what is between this machine and the API server, such as a proxy"
    problem = "Cannot reach {server}"
    if isinstance(cause, urllib3.exceptions.ProxyError):
        return problem, "Check proxy-url in the kubeconfig, or HTTPS_PROXY and NO_PROXY in the environment"
    return problem, "Check that the cluster runs and that this machine has a way to it"


def _plain(cause: NoAnswer, timeout: urllib3.Timeout) -> str:
    """The innermost reason, without the pool's own decoration."""
    inner = list(_chain(cause))[-1]
    if isinstance(inner, ssl.SSLCertVerificationError):
        return inner.verify_message
    if isinstance(inner, ssl.SSLEOFError):
        return "the TLS connection was cut off"
    # The library derives all that keeps a connection from coming about from this one.
    if isinstance(cause, urllib3.exceptions.ConnectTimeoutError) and isinstance(inner, TimeoutError):
        return f"no connection within {timeout.connect_timeout:g} s"
    if isinstance(cause, urllib3.exceptions.ReadTimeoutError):
        return f"no answer for {timeout.read_timeout:.3g} s"
    if isinstance(inner, http.client.RemoteDisconnected):
        return "the connection was closed before an answer"
    if isinstance(cause, urllib3.exceptions.ProtocolError) and inner is cause:
        return "the connection was closed in the middle of the answer"
    if isinstance(cause, urllib3.exceptions.ProxyError):
        inner = list(_chain(cause.original_error))[-1]
        return f"the proxy: {(inner.strerror if isinstance(inner, OSError) else None) or inner}".lower()
    if isinstance(inner, OSError) and inner.strerror:
        return inner.strerror.lower()
    return str(cause)


def _chain(cause: BaseException) -> t.Iterator[BaseException]:
    """An error, and from what other ones it comes."""
    inner: t.Optional[BaseException] = cause
    while inner is not None:
        yield inner
        below = inner.__cause__ or inner.__context__
        inner = below if isinstance(below, (OSError, *UNTRUSTED)) else None
