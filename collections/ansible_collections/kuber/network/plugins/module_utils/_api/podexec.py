# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Commands in containers, as ``kubectl exec`` runs them: by the API server, over a WebSocket."""

from __future__ import annotations

import json
import typing as t
import urllib.parse

from ansible_collections.kuber.network.plugins.module_utils._api import proxies
from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.module_utils._runner import Result, Runner

if t.TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Sequence

    from ansible_collections.kuber.network.plugins.module_utils._api.kubeconfig import Access

# Each message begins with the number of its stream; the last one is what has become of the command.
PROTOCOL = "v4.channel.k8s.io"
OUTPUT, ERRORS, VERDICT = 1, 2, 3
SECONDS = 60
NOT_FOUND = 127


class PodRunner(Runner):
    """Runs commands in the container of a pod, without a shell in between."""

    def __init__(
        self, access: Access, *, namespace: str, pod: str, prefix: Sequence[str] = (), has_shell: bool = False
    ) -> None:
        self._access = access
        self._path = f"/api/v1/namespaces/{namespace}/pods/{pod}/exec"
        self._prefix = tuple(prefix)
        self.has_shell = has_shell

    def _run(self, argv: tuple[str, ...], stdin: str | None) -> Result:
        if stdin:
            raise KuberError("A command in a pod cannot be given input", found=" ".join(argv))
        output, errors, verdict = self._exchange([*self._prefix, *argv])
        code, said = exit_code(verdict)
        return Result(argv, code, output, errors or said)

    def _exchange(self, argv: Sequence[str]) -> tuple[str, str, str]:
        import websocket

        query = urllib.parse.urlencode({"command": argv, "stdout": "true", "stderr": "true"}, doseq=True)
        url = f"ws{self._access.server.removeprefix('http')}{self._path}?{query}"
        streams = {OUTPUT: bytearray(), ERRORS: bytearray(), VERDICT: bytearray()}
        try:
            connection = websocket.create_connection(
                url,
                timeout=SECONDS,
                header=[f"{name}: {value}" for name, value in self._access.headers.items()],
                subprotocols=[PROTOCOL],
                sslopt=self._tls(),
                suppress_origin=True,
                **self._proxy(),
            )
            try:
                while message := connection.recv():
                    data = message if isinstance(message, bytes) else message.encode()
                    if data[0] in streams:
                        streams[data[0]] += data[1:]
            except websocket.WebSocketConnectionClosedException:
                pass
            finally:
                connection.close()
        except (websocket.WebSocketException, OSError) as exc:
            raise self._refused(exc) from exc
        output, errors, verdict = (bytes(part).decode(errors="surrogateescape") for part in streams.values())
        return output, errors, verdict

    def _tls(self) -> dict[str, t.Any]:
        if self._access.tls is None:
            return {}
        name = self._access.tls_server_name
        return {"context": self._access.tls, **({"server_hostname": name} if name else {})}

    def _proxy(self) -> dict[str, t.Any]:
        if not self._access.proxy:
            # What the environment says has been looked at already.
            return {"http_no_proxy": ["*"]}
        parts = urllib.parse.urlsplit(self._access.proxy)
        if parts.scheme != "http" or parts.username:
            raise KuberError(
                "Commands in pods cannot be run through this proxy",
                wanted="no proxy, or http://HOST:PORT",
                found=proxies.hidden(self._access.proxy),
            )
        return {"http_proxy_host": parts.hostname, "http_proxy_port": parts.port or 80, "proxy_type": "http"}

    def _refused(self, exc: Exception) -> KuberError:
        status = getattr(exc, "status_code", None)
        if status is None:
            return KuberError(f"Cannot run commands in pods of context {self._access.context}", found=str(exc))
        body = getattr(exc, "resp_body", b"") or b""
        return KuberError(
            f"Cannot run a command in {self._path.removesuffix('/exec')}",
            wanted="the right to get and create pods/exec",
            found=f"{status} {_message(body.decode(errors='replace'))}".strip(),
        )


def exit_code(verdict: str) -> tuple[int, str]:
    """The exit code of a command, and what was said where it has none because it could not be run."""
    try:
        status = json.loads(verdict)
        if status.get("status") == "Success":
            return 0, ""
        causes = (status.get("details") or {}).get("causes") or ()
        code = next((int(one["message"]) for one in causes if one.get("reason") == "ExitCode"), NOT_FOUND)
        return code, str(status.get("message", ""))
    except (AttributeError, KeyError, ValueError):
        return NOT_FOUND, verdict or "the connection ended before the command did"


def _message(body: str) -> str:
    try:
        return str(json.loads(body)["message"])
    except (KeyError, TypeError, ValueError):
        return body[:200]
