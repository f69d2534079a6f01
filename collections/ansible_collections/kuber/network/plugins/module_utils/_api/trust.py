# Copyright (c) 2026, the kuber.network authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE to the collection: may change without notice.

"""Whom a client trusts, and the certificate that it shows: from PEM to the context of a TLS connection."""

from __future__ import annotations

import pathlib
import re
import ssl
import tempfile

CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def context(*, authority: str | None, insecure: bool, certificate: bytes | None, key: bytes | None) -> ssl.SSLContext:
    """What a TLS connection needs; without an ``authority`` those of the system count."""
    tls = ssl.create_default_context(cadata=authority)
    # Certificates of older clusters lack what Python 3.13 and newer demand beyond the standard's musts.
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # As for kubectl, whatever is named is trusted as it is, be it an intermediate authority or the server's own
    # certificate. Python before 3.13 trusts roots only.
    tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if insecure:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    if certificate:
        _show(tls, certificate, key or b"")
    return tls


def certificates(pem: bytes) -> str:
    """The certificates in a file that may hold anything else beside them, such as comments in any language."""
    return b"\n".join(CERTIFICATE.findall(pem)).decode("ascii", "replace")


def _show(tls: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    # Only files can be loaded; they must not outlive this function.
    with tempfile.TemporaryDirectory(prefix="kuber.network-") as scratch:
        paths = pathlib.Path(scratch, "certificate"), pathlib.Path(scratch, "key")
        for path, content in zip(paths, (certificate, key), strict=True):
            path.write_bytes(content)
        try:
            # An empty password, or OpenSSL would ask for one on the terminal.
            tls.load_cert_chain(*paths, password="")
        except ssl.SSLError as exc:
            raise ValueError(f"client-certificate and client-key are not a valid pair ({exc.reason or exc})") from exc
