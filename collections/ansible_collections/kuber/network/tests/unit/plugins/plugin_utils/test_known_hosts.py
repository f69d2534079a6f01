# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kuber.network.plugins.module_utils._errors import KuberError
from ansible_collections.kuber.network.plugins.plugin_utils._known_hosts import HostKey, KnownHost, KnownHosts


def key(body: bytes, algorithm: bytes = b"ssh-ed25519") -> HostKey:
    return HostKey(len(algorithm).to_bytes(4, "big") + algorithm + body)


def test_the_first_key_is_learned_and_then_required(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "known_hosts"
    known = KnownHosts(str(path), "minikube")
    known.verify(key(b"one"))
    before = path.read_text()
    known.verify(key(b"one"))
    assert path.read_text() == before
    with pytest.raises(KuberError) as caught:
        known.verify(key(b"two"))
    text = str(caught.value)
    assert f"line 1 of {path}" in text
    assert key(b"one").fingerprint in text
    assert key(b"two").fingerprint in text
    assert f"ssh-keygen -R minikube -f {path}" in text
    assert path.read_text() == before


def test_what_the_message_says_helps(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "known_hosts"
    known = KnownHosts(str(path), "minikube")
    known.verify(key(b"one"))
    subprocess.run(["ssh-keygen", "-R", "minikube", "-f", str(path)], check=True, capture_output=True)
    known.verify(key(b"two"))
    assert [entry.key for entry in known.entries()] == [key(b"two")]


def test_hashed_names_are_known(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(key(b"one").line("minikube") + key(b"other").line("elsewhere"))
    subprocess.run(["ssh-keygen", "-H", "-f", str(path)], check=True, capture_output=True)
    before = path.read_text()
    assert "minikube" not in before
    known = KnownHosts(str(path), "minikube")
    known.verify(key(b"one"))
    with pytest.raises(KuberError, match="has changed"):
        known.verify(key(b"two"))
    assert path.read_text() == before


def test_a_revoked_key_is_never_trusted(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"@revoked {key(b'one').line('minikube')}@cert-authority {key(b'ca').line('minikube')}")
    known = KnownHosts(str(path), "minikube")
    with pytest.raises(KuberError, match="is revoked"):
        known.verify(key(b"one"))
    known.verify(key(b"two"))
    assert [entry.key for entry in known.entries()] == [key(b"two")]
    with pytest.raises(KuberError, match="has changed"):
        known.verify(key(b"ca"))


@pytest.mark.parametrize(
    ("names", "applies"),
    [
        ("*", True),
        ("mini*,other", True),
        ("minikub?", True),
        ("minikub?-m02", False),
        ("*,!minikube", False),
        ("*,!mini", True),
        ("minikube.", False),
    ],
)
def test_a_line_may_be_for_a_pattern_of_names(tmp_path: pathlib.Path, names: str, applies: bool) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"@revoked {key(b'bad').line(names)}{key(b'good').line(names)}")
    listed = subprocess.run(["ssh-keygen", "-F", "minikube", "-f", str(path)], check=False, capture_output=True).stdout
    assert bool(listed) == applies, "OpenSSH takes it otherwise"
    known = KnownHosts(str(path), "minikube")
    assert [entry.key for entry in known.entries()] == [key(b"good")] * applies
    if applies:
        with pytest.raises(KuberError, match="is revoked"):
            known.verify(key(b"bad"))


def test_fingerprints_are_those_of_openssh(tmp_path: pathlib.Path) -> None:
    for kind in ("ed25519", "rsa", "ecdsa"):
        path = tmp_path / kind
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path)], check=True)
        public = path.with_suffix(".pub")
        (tmp_path / "known_hosts").write_text(f"x {public.read_text()}")
        found = KnownHosts(str(tmp_path / "known_hosts"), "x").entries()[0].key
        listed = subprocess.run(["ssh-keygen", "-lf", str(public)], check=True, capture_output=True, text=True).stdout
        assert found.fingerprint.split()[1] == listed.split()[1]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        ("# minikube ssh-ed25519 AAAA\n\n", []),
        ("other ssh-ed25519 AAAA\n", []),
        ("minikube-m02 ssh-ed25519 AAAA\n", []),
        ("other ssh-ed25519 AAAA\nminikube ssh-ed25519 AAAA\n", [2]),
        ("a,minikube,b ssh-ed25519 AAAA with a comment", [1]),
        ("minikube ssh-ed25519 AAAA\nminikube ssh-rsa AAAB\n", [1, 2]),
    ],
)
def test_only_lines_of_the_machine_count(tmp_path: pathlib.Path, text: str, numbers: list[int]) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(text)
    assert [entry.number for entry in KnownHosts(str(path), "minikube").entries()] == numbers


@pytest.mark.parametrize("line", ["minikube", "minikube ssh-ed25519", "minikube ssh-ed25519 AA!A"])
def test_a_damaged_line_is_no_reason_to_trust_anybody(tmp_path: pathlib.Path, line: str) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"# ours\n{line}\n")
    with pytest.raises(KuberError, match=r"Line 2 of .* is damaged"):
        KnownHosts(str(path), "minikube").verify(key(b"one"))
    assert path.read_text() == f"# ours\n{line}\n"


def test_other_lines_stay_as_they_are(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("other ssh-ed25519 AAAA")
    KnownHosts(str(path), "minikube").verify(key(b"one"))
    assert path.read_text() == "other ssh-ed25519 AAAA\n" + key(b"one").line("minikube")


def test_a_directory_that_is_missing_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KuberError, match="Cannot save"):
        KnownHosts(str(tmp_path / "gone" / "known_hosts"), "minikube").verify(key(b"one"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")
def test_the_user_who_owns_the_directory_can_save_what_another_cannot(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Those above it are closed to others.
    monkeypatch.chdir(tmp_path)
    tmp_path.chmod(0o755)
    known = KnownHosts("known_hosts", "minikube")
    os.seteuid(65534)
    try:
        with pytest.raises(KuberError, match="Run as the user who owns minikube's directory"):
            known.verify(key(b"one"))
    finally:
        os.seteuid(0)
    known.verify(key(b"one"))
    assert [entry.key for entry in known.entries()] == [key(b"one")]


@given(bodies=st.lists(st.binary(min_size=1), min_size=1, max_size=4, unique=True), shown=st.binary(min_size=1))
def test_no_key_passes_but_those_in_the_file(
    tmp_path_factory: pytest.TempPathFactory, bodies: list[bytes], shown: bytes
) -> None:
    path = tmp_path_factory.mktemp("keys") / "known_hosts"
    path.write_text("".join(key(body).line("minikube") for body in bodies))
    known = KnownHosts(str(path), "minikube")
    assert known.entries() == [KnownHost(number, key(body)) for number, body in enumerate(bodies, start=1)]
    if shown in bodies:
        known.verify(key(shown))
    else:
        with pytest.raises(KuberError, match="has changed"):
            known.verify(key(shown))
