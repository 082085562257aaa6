# SPDX-License-Identifier: Apache-2.0
"""Envoy's `Secret` messages."""

from __future__ import annotations

import posixpath

from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from lateen.envoy.blob import Blob, blob
from lateen.identity.credential import KeyPair, Roots
from lateen.identity.secret_name import FileCertificateName


def certificate_secret(name: str, pair: KeyPair) -> Blob:
    """A certificate chain and key, inline."""
    secret = Secret(name=name)
    secret.tls_certificate.certificate_chain.inline_bytes = pair.chain
    secret.tls_certificate.private_key.inline_bytes = pair.key
    if pair.staple:
        secret.tls_certificate.ocsp_staple.inline_bytes = pair.staple
    return blob(name, secret)


def roots_secret(name: str, roots: Roots) -> Blob:
    """Certificates to trust, inline."""
    secret = Secret(name=name)
    secret.validation_context.trusted_ca.inline_bytes = roots.certificates
    if roots.revoked:
        secret.validation_context.crl.inline_bytes = roots.revoked
    return blob(name, secret)


def certificate_file_secret(name: str, files: FileCertificateName) -> Blob:
    """A certificate chain and key in files that Envoy itself reads, and reads again when they are replaced."""
    secret = Secret(name=name)
    secret.tls_certificate.certificate_chain.filename = files.certificate
    secret.tls_certificate.private_key.filename = files.key
    folder = posixpath.dirname(files.certificate)
    if folder and folder == posixpath.dirname(files.key):
        secret.tls_certificate.watched_directory.path = folder
    return blob(name, secret)


def roots_file_secret(name: str, path: str) -> Blob:
    """Certificates to trust in a file that Envoy itself reads, and reads again when it is replaced."""
    secret = Secret(name=name)
    secret.validation_context.trusted_ca.filename = path
    folder = posixpath.dirname(path)
    if folder:
        secret.validation_context.watched_directory.path = folder
    return blob(name, secret)
