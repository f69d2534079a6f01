# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import contextlib
import datetime
import ipaddress
import pathlib
import ssl
import typing as t

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.kuber.network.plugins.module_utils._api.transport import Client
from ansible_collections.kuber.network.tests.unit.servers import Handler, http_server, serving

from .kubeconfigs import cluster_of, load, refused


class Chain:
    """A root, an authority between, and the certificate of a server, which shows no more than its own."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey] | None = None
        for name in ("root", "middle", "leaf"):
            key = ec.generate_private_key(ec.SECP256R1())
            subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
            self._write(name, key, self._signed(subject, key, issuer or (subject, key), is_leaf=name == "leaf"))
            issuer = subject, key

    @staticmethod
    def _signed(
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer: tuple[x509.Name, ec.EllipticCurvePrivateKey],
        *,
        is_leaf: bool,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer[0])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=not is_leaf, path_length=None), critical=True)
            .add_extension(place, critical=False)
            .sign(issuer[1], hashes.SHA256())
        )

    def _write(self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        form = serialization.PrivateFormat.PKCS8
        plain = serialization.NoEncryption()
        (self.directory / f"{name}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
        (self.directory / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    @contextlib.contextmanager
    def serving(self) -> t.Iterator[int]:
        """The port of a server that shows its certificate and the one of the authority between."""
        both = self.directory / "both.crt"
        both.write_bytes(b"".join((self.directory / f"{name}.crt").read_bytes() for name in ("leaf", "middle")))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(both, self.directory / "leaf.key")
        server = http_server(Version)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        with serving(server):
            yield server.server_port


class Version(Handler):
    def do_GET(self) -> None:
        self.answer('{"major": "1"}')


def test_server_without_a_scheme_is_encrypted_if_it_is_known_whom_to_trust(tmp_path: pathlib.Path) -> None:
    assert load(cluster_of(tmp_path, server="192.0.2.1:6443")).server == "http://192.0.2.1:6443"
    trusting = {"insecure-skip-tls-verify": True}
    assert load(cluster_of(tmp_path, server="192.0.2.1:6443", **trusting)).server == "https://192.0.2.1:6443"
    assert "server of cluster here is ftp://192.0.2.1" in refused(cluster_of(tmp_path, server="ftp://192.0.2.1"))


@pytest.mark.parametrize("comment", ["# Főtanúsítvány\n".encode(), b"# caf\xe9\n", b"-----BEGIN NOISE-----\nx\n"])
@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.usefixtures("webhook")
def test_what_stands_beside_the_certificates_of_an_authority_is_skipped(
    tmp_path: pathlib.Path, comment: bytes, embedded: bool
) -> None:
    pem = comment + (tmp_path / "webhook.crt").read_bytes() + comment
    (tmp_path / "ca.pem").write_bytes(pem)
    data = base64.encodebytes(pem).decode()
    field = {"certificate-authority-data": data} if embedded else {"certificate-authority": "ca.pem"}
    tls = load(cluster_of(tmp_path, **field)).tls
    assert tls is not None
    assert len(tls.get_ca_certs() or tls.cert_store_stats()) >= 1
    assert tls.cert_store_stats()["x509"] == 1


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({"certificate-authority-data": "%%%"}, "certificate-authority-data of cluster here is not base64"),
        ({"certificate-authority-data": "aGVsbG8="}, "certificate-authority of cluster here holds no certificate"),
        ({"certificate-authority": "empty"}, "certificate-authority of cluster here holds no certificate"),
        ({"certificate-authority": "broken"}, "certificate-authority of cluster here cannot be read"),
        ({"certificate-authority": "none"}, "none"),
    ],
)
def test_authority_that_cannot_be_read_is_no_reason_to_trust_others(
    tmp_path: pathlib.Path, cluster: dict[str, t.Any], message: str
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "broken").write_text("-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n")
    assert message in refused(cluster_of(tmp_path, **cluster))


@pytest.mark.parametrize("trusted", ["root", "middle", "leaf"])
def test_whatever_the_authority_names_is_trusted(tmp_path: pathlib.Path, trusted: str) -> None:
    chain = Chain(tmp_path)
    with chain.serving() as port:
        server = f"https://127.0.0.1:{port}"
        path = cluster_of(tmp_path, **{"server": server, "certificate-authority": f"{trusted}.crt"})
        assert Client.from_kubeconfig(kubeconfig=path, context=None).get("/version") == {"major": "1"}
