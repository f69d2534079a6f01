# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: minikube
short_description: Run commands on minikube nodes by SSH, without Python
version_added: "1.0.0"
author:
  - the kuber.network authors (@kuber-network)
description:
  - Runs commands on a node by SSH with minikube's key. The node needs C(sshd) and a shell, but neither
    SFTP nor Python, which minikube's nodes do not have.
  - Host keys are trusted on first use and saved in a file beside the machine's other files, so that
    C(minikube delete) removes them with the machine. A changed key is refused.
  - The inventory P(kuber.network.minikube#inventory) sets all options.
  - One TCP connection serves all commands of a task.
extends_documentation_fragment:
  - ansible.builtin.connection_pipelining
requirements:
  - paramiko >= 5.0
options:
  remote_addr:
    description: Name or address at which the node's sshd is reached.
    type: str
    vars:
      - name: inventory_hostname
      - name: ansible_host
  port:
    description: Port of the node's sshd.
    type: int
    default: 22
    vars:
      - name: ansible_port
  remote_user:
    description: User to log in as.
    type: str
    default: docker
    vars:
      - name: ansible_user
    keyword:
      - name: remote_user
  private_key_file:
    description: File of the private key, which must not have a passphrase.
    type: path
    required: true
    vars:
      - name: ansible_ssh_private_key_file
  host_key_checking:
    description: Whether to check the node's host key, and to save it on first use.
    type: bool
    default: true
    vars:
      - name: ansible_host_key_checking
    env:
      - name: ANSIBLE_HOST_KEY_CHECKING
    ini:
      - section: defaults
        key: host_key_checking
  known_hosts:
    description: File of the known host keys, in OpenSSH's format.
    type: path
    required: true
    vars:
      - name: minikube_known_hosts
  host_key_alias:
    description:
      - Name of the node in O(known_hosts). Addresses can change (those of containers at every start), names do not.
    type: str
    required: true
    vars:
      - name: minikube_host_key_alias
  problem:
    description: Why the node cannot be reached, if that is known beforehand. No connection is attempted then.
    type: str
    default: ""
    vars:
      - name: minikube_node_problem
  reconnection_retries:
    description:
      - How often to retry if a connection fails, or ends before a command has begun.
      - A command that has begun is never repeated, because it may have had an effect. A rejected login and a changed
        host key are not retried either.
    type: int
    default: 3
    vars:
      - name: ansible_ssh_retries
    env:
      - name: ANSIBLE_SSH_RETRIES
    ini:
      - section: ssh_connection
        key: retries
  timeout:
    description: Seconds that connecting may take, all attempts together.
    type: int
    default: 30
    vars:
      - name: ansible_timeout
  silence_timeout:
    description:
      - Seconds without any sign of life after which a node with a running command counts as dead.
      - A command may run silently for any time while the node's sshd answers. The keyword C(timeout)
        of a task limits the command.
    type: int
    default: 60
    vars:
      - name: minikube_silence_timeout
"""

import io
import os
import shlex
import threading
import typing as t

from ansible.errors import (
    AnsibleAuthenticationFailure,
    AnsibleConnectionFailure,
    AnsibleError,
    AnsibleFileNotFound,
)
from ansible.plugins.connection import ConnectionBase, ensure_connect

from ansible_collections.kuber.network.plugins.plugin_utils import _libraries

_libraries.require("paramiko")

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils._known_hosts import KnownHosts
from ansible_collections.kuber.network.plugins.plugin_utils._ssh import (
    Session,
    SshAuthError,
    SshCutError,
    SshTarget,
    in_any_shell,
)

if t.TYPE_CHECKING:
    import paramiko  # pragma: no cover
    from ansible.plugins.become import BecomeBase  # pragma: no cover

T = t.TypeVar("T")


class Connection(ConnectionBase):
    transport = "kuber.network.minikube"
    has_pipelining = True

    _session: Session | None = None

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._lock = threading.Lock()

    def _connect(self) -> Connection:
        if self._session is None:
            if self.get_option("problem"):
                raise AnsibleConnectionFailure(self.get_option("problem"))
            target = self._target()
            self._display.vvv(f"ESTABLISH SSH CONNECTION TO {target.place}", host=self.get_option("remote_addr"))
            self._session = self._guard(lambda: Session.open(target))
            self._connected = True
        return self

    def _target(self) -> SshTarget:
        known_hosts = None
        if self.get_option("host_key_checking"):
            known_hosts = KnownHosts(self.get_option("known_hosts"), self.get_option("host_key_alias"))
        return SshTarget(
            host=self.get_option("remote_addr"),
            port=self.get_option("port"),
            user=self.get_option("remote_user"),
            key_file=self.get_option("private_key_file"),
            known_hosts=known_hosts,
            timeout=self.get_option("timeout"),
            silence=self.get_option("silence_timeout"),
            retries=self.get_option("reconnection_retries"),
        )

    @ensure_connect
    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        self._display.vvv(f"EXEC {cmd}", host=self.get_option("remote_addr"))
        dialogue = Password(self.become) if sudoable and self.become and self.become.expect_prompt() else None
        stdout, stderr = io.BytesIO(), io.BytesIO()
        code = self._run(cmd, stdin=io.BytesIO(in_data or b""), stdout=stdout, stderr=stderr, dialogue=dialogue)
        return code, stdout.getvalue(), stderr.getvalue()

    @ensure_connect
    def put_file(self, in_path: str, out_path: str) -> None:
        super().put_file(in_path, out_path)
        self._display.vvv(f"PUT {in_path} TO {out_path}", host=self.get_option("remote_addr"))
        if not os.path.exists(in_path):
            raise AnsibleFileNotFound(f"The file {in_path} does not exist, so it cannot be copied to the node.")
        with open(in_path, "rb") as source:
            self._copy(f"cat > {shlex.quote(out_path)}", source, io.BytesIO())

    @ensure_connect
    def fetch_file(self, in_path: str, out_path: str) -> None:
        super().fetch_file(in_path, out_path)
        self._display.vvv(f"FETCH {in_path} TO {out_path}", host=self.get_option("remote_addr"))
        with open(out_path, "wb") as sink:
            self._copy(f"cat < {shlex.quote(in_path)}", io.BytesIO(), sink)

    def open_socket(self, host: str, port: int) -> paramiko.Channel:
        """A TCP connection from the node to an address that the node reaches; for any number of threads."""
        with self._lock:
            self._connect()
            session = self._session
        try:
            return session.open_socket(host, port)
        except SshCutError:
            with self._lock:
                if self._session is session:
                    self.reset()
            return self._session.open_socket(host, port)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None
        self._connected = False

    def reset(self) -> None:
        self.close()
        self._connect()

    def _copy(self, command: str, stdin: t.IO[bytes], stdout: t.IO[bytes]) -> None:
        stderr = io.BytesIO()
        code = self._run(command, stdin=stdin, stdout=stdout, stderr=stderr)
        if code != 0:
            why = stderr.getvalue().decode(errors="replace").strip()
            raise AnsibleError(f"`{command}` failed on the node with exit code {code}: {why or 'no output'}")

    def _run(
        self,
        command: str,
        *,
        stdin: t.IO[bytes],
        stdout: t.IO[bytes],
        stderr: t.IO[bytes],
        dialogue: Password | None = None,
    ) -> int:
        def run() -> int:
            line = in_any_shell(command)
            return self._session.run(line, stdin=stdin, stdout=stdout, stderr=stderr, dialogue=dialogue)

        def run_anyhow() -> int:
            try:
                return run()
            except SshCutError as exc:
                self._display.vvv(f"RECONNECT: {exc}", host=self.get_option("remote_addr"))
            self.reset()
            return run()

        return self._guard(run_anyhow)

    @staticmethod
    def _guard(action: t.Callable[[], T]) -> T:
        # Ansible appends the text of each cause; our message is complete.
        try:
            return action()
        except SshAuthError as exc:
            raise AnsibleAuthenticationFailure(str(exc)) from None
        except KuberError as exc:
            raise AnsibleConnectionFailure(str(exc)) from None


class Password:
    """Types the password of ``become`` at its prompt."""

    def __init__(self, become: BecomeBase) -> None:
        self._become = become
        self._given = False

    def answer(self, output: bytes, errors: bytes) -> bytes | None:
        if self._become.check_success(output):
            return None
        if self._become.check_incorrect_password(errors):
            raise AnsibleError("The node did not accept the password of become (--ask-become-pass).")
        if not self._given and self._become.check_password_prompt(errors):
            self._given = True
            return self._become.get_option("become_pass").encode() + b"\n"
        return b""
