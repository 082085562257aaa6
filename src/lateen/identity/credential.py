# SPDX-License-Identifier: Apache-2.0
"""A certificate and key, or roots, out of a Secret or ConfigMap, under the names that Istio accepts
(`pilot/pkg/credentials/kube/secrets.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class CredentialError(ValueError):
    """The document has no credential of this sort; the text says what it has instead."""


class KeyPair(NamedTuple):
    """PEM of a certificate chain and its key."""

    chain: bytes
    key: bytes
    staple: bytes = b""
    """An OCSP response (DER), from `tls.ocsp-staple`."""


class Roots(NamedTuple):
    """PEM of certificates to trust, and of revocation lists."""

    certificates: bytes
    revoked: bytes = b""


def key_pair(data: Mapping[str, bytes]) -> KeyPair:
    """`cert` and `key`, else `tls.crt` and `tls.key`. Raises CredentialError, also when they are no certificate or
    key, or do not belong together: Envoy would refuse the whole secret then."""
    if data.get("cert") and data.get("key"):
        pair = KeyPair(data["cert"], data["key"])
    elif data.get("tls.crt") and data.get("tls.key"):
        pair = KeyPair(data["tls.crt"], data["tls.key"], data.get("tls.ocsp-staple", b""))
    else:
        raise CredentialError(_missing(data, "cert and key, or tls.crt and tls.key"))
    try:
        certificate = x509.load_pem_x509_certificate(pair.chain)
    except ValueError as problem:
        raise CredentialError(f"its certificate cannot be read: {problem}") from problem
    try:
        key = load_pem_private_key(pair.key, None)
    except (ValueError, TypeError) as problem:
        raise CredentialError(f"its key cannot be read: {problem}") from problem
    if key.public_key() != certificate.public_key():
        raise CredentialError("its key is not the key of its certificate")
    return pair


def roots(data: Mapping[str, bytes]) -> Roots:
    """`cacert` (with `crl`), else `ca.crt` (with `ca.crl`). Raises CredentialError."""
    if data.get("cacert"):
        found = Roots(data["cacert"], data.get("crl", b""))
    elif data.get("ca.crt"):
        found = Roots(data["ca.crt"], data.get("ca.crl", b""))
    else:
        raise CredentialError(_missing(data, "cacert or ca.crt"))
    try:
        x509.load_pem_x509_certificates(found.certificates)
    except ValueError as problem:
        raise CredentialError(f"its certificates cannot be read: {problem}") from problem
    return found


def _missing(data: Mapping[str, bytes], wanted: str) -> str:
    empty = sorted(key for key, value in data.items() if not value)
    found = ", ".join(sorted(data)) or "nothing"
    return f"it needs {wanted}; it has {found}" + (f" (empty: {', '.join(empty)})" if empty else "")
