# SPDX-License-Identifier: Apache-2.0
"""`Authority`: a root that is kept offline as far as a laptop can, an intermediate that signs, workload certificates.

Nothing here reads a clock or a file: times are passed in, `authority_store.py` keeps the result.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lateen.identity.rotation import Validity, replace_at
from lateen.identity.spiffe import SpiffeId
from lateen.identity.workload_certificate import WorkloadCertificate

ROOT_LIFE = timedelta(days=3650)
INTERMEDIATE_LIFE = timedelta(days=365)
WORKLOAD_LIFE = timedelta(hours=24)
"""Istio's default (DEFAULT_WORKLOAD_CERT_TTL)."""

_BACKDATE = timedelta(minutes=2)
"""How far certificates are dated back, for clocks that are slow."""


class Signer(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def validity(self) -> Validity:
        return Validity(self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc)


class Authority(NamedTuple):
    """Root and intermediate. `retired` are earlier roots, trusted until they expire."""

    trust_domain: str
    root: Signer
    intermediate: Signer
    retired: tuple[x509.Certificate, ...] = ()

    def trust_bundle(self) -> bytes:
        """PEM of every root to trust, the current one first."""
        return b"".join(map(_pem, (self.root.certificate, *self.retired)))

    def intact(self) -> bool:
        """Whether the root has signed the intermediate."""
        try:
            self.intermediate.certificate.verify_directly_issued_by(self.root.certificate)
        except (ValueError, TypeError, InvalidSignature):
            return False
        return True

    def renewed(self, now: datetime) -> Authority:
        """This authority, with what is due replaced; itself if nothing is."""
        retired = tuple(root for root in self.retired if root.not_valid_after_utc > now)
        if now >= replace_at(self.root.validity):
            fresh = new_authority(self.trust_domain, now)
            return fresh._replace(retired=(self.root.certificate, *retired))
        if now >= replace_at(self.intermediate.validity) or not self.intact():
            return self._replace(intermediate=_intermediate(self.root, self.trust_domain, now), retired=retired)
        return self if retired == self.retired else self._replace(retired=retired)

    def issue(self, identity: SpiffeId, now: datetime, life: timedelta = WORKLOAD_LIFE) -> WorkloadCertificate:
        """A new key and certificate for `identity`, valid for `life` or as long as the intermediate."""
        key = ec.generate_private_key(ec.SECP256R1())
        end = min(now + life, self.intermediate.validity.not_after)
        certificate = (
            _builder(x509.Name([]), self.intermediate.certificate.subject, key, now, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            # Critical, for the subject is empty (RFC 5280, 4.2.1.6).
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(str(identity))]), critical=True)
            .add_extension(_signed_by(self.intermediate), critical=False)
            .sign(self.intermediate.key, hashes.SHA256())
        )
        return WorkloadCertificate(
            identity,
            private_key_pem(key),
            _pem(certificate) + _pem(self.intermediate.certificate),
            Validity(certificate.not_valid_before_utc, certificate.not_valid_after_utc),
        )


def new_authority(trust_domain: str, now: datetime) -> Authority:
    """A root and an intermediate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(trust_domain, "Lateen development root")
    certificate = (
        _builder(name, name, key, now, now + ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    root = Signer(certificate, key)
    return Authority(trust_domain, root, _intermediate(root, trust_domain, now))


def private_key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Unencrypted PKCS#8."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _intermediate(root: Signer, trust_domain: str, now: datetime) -> Signer:
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(now + INTERMEDIATE_LIFE, root.validity.not_after)
    certificate = (
        _builder(_name(trust_domain, "Lateen development CA"), root.certificate.subject, key, now, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(_signed_by(root), critical=False)
        .sign(root.key, hashes.SHA256())
    )
    return Signer(certificate, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(trust_domain: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, trust_domain),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _signed_by(signer: Signer) -> x509.AuthorityKeyIdentifier:
    own = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
