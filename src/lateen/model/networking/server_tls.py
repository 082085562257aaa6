# SPDX-License-Identifier: Apache-2.0
"""TLS towards clients: of a gateway's server, or of a sidecar's ingress listener."""

import enum
from typing import Annotated, ClassVar

from lateen.model.message import Message
from lateen.model.schema import Items, Rule, at_most_one


class ServerTLSMode(enum.Enum):
    """Whether and how TLS is terminated."""

    PASSTHROUGH = "PASSTHROUGH"
    """Not at all: routed by server name, as VirtualServices say."""
    SIMPLE = "SIMPLE"
    """TLS without a client certificate."""
    MUTUAL = "MUTUAL"
    """TLS with a client certificate, which is verified."""
    AUTO_PASSTHROUGH = "AUTO_PASSTHROUGH"
    """Not at all: the server name itself says service, port and subset. Between networks of a mesh."""
    ISTIO_MUTUAL = "ISTIO_MUTUAL"
    """TLS with the certificate that the mesh gave the gateway, and clients of the mesh."""
    OPTIONAL_MUTUAL = "OPTIONAL_MUTUAL"
    """TLS with a client certificate where the client has one."""


class TLSProtocol(enum.Enum):
    """Version of TLS."""

    TLS_AUTO = "TLS_AUTO"
    """The proxy's choice."""
    TLSV1_0 = "TLSV1_0"
    """TLS 1.0"""
    TLSV1_1 = "TLSV1_1"
    """TLS 1.1"""
    TLSV1_2 = "TLSV1_2"
    """TLS 1.2"""
    TLSV1_3 = "TLSV1_3"
    """TLS 1.3"""


class TLSCertificate(Message, frozen=True, kw_only=True):
    """A certificate in the proxy's file system."""

    server_certificate: str = ""
    """Path of the certificate."""
    private_key: str = ""
    """Path of its private key."""
    ca_certificates: str = ""
    """Accepted and without effect, as in Istio."""


class ServerTLSSettings(Message, frozen=True, kw_only=True):
    """TLS towards clients."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        at_most_one(
            "only one of credentialNames or tlsCertificates can be set",
            tls_certificates="tlsCertificates",
            credential_names="credentialNames",
        ),
        at_most_one(
            "only one of credentialName or credentialNames can be set",
            credential_name="credentialName",
            credential_names="credentialNames",
        ),
        at_most_one(
            "only one of credentialName or tlsCertificates can be set",
            credential_names="credentialNames",
            tls_certificates="tlsCertificates",
        ),
    )

    https_redirect: bool = False
    """Whether plain HTTP requests are answered with 301 to https."""
    mode: ServerTLSMode = ServerTLSMode.PASSTHROUGH
    """Whether and how TLS is terminated."""
    server_certificate: str = ""
    """Path of the server's certificate in the proxy's file system; for SIMPLE and MUTUAL."""
    private_key: str = ""
    """Path of its private key; for SIMPLE and MUTUAL."""
    ca_certificates: str = ""
    """Path of the authorities that clients' certificates are verified against; for MUTUAL."""
    ca_crl: str = ""
    """Path of the list of revoked certificates."""
    credential_name: str = ""
    """Secret with certificate, key and authorities, in place of the paths; gateways only."""
    credential_names: Annotated[tuple[str, ...], Items(1, 2)] = ()
    """Secrets of an RSA and an ECDSA certificate, in place of one."""
    ca_cert_credential_name: str = ""
    """Secret or ConfigMap with the authorities, where it is not the one of the certificate."""
    tls_certificates: Annotated[tuple[TLSCertificate, ...], Items(1, 2)] = ()
    """Paths of an RSA and an ECDSA certificate, in place of one."""
    subject_alt_names: tuple[str, ...] = ()
    """Names of which a client's certificate must carry one."""
    verify_certificate_spki: tuple[str, ...] = ()
    """SHA-256 hashes, in base64, of the keys of accepted client certificates."""
    verify_certificate_hash: tuple[str, ...] = ()
    """SHA-256 hashes, in hex, of accepted client certificates."""
    min_protocol_version: TLSProtocol = TLSProtocol.TLS_AUTO
    """Oldest version accepted; TLS 1.2 when TLS_AUTO."""
    max_protocol_version: TLSProtocol = TLSProtocol.TLS_AUTO
    """Newest version accepted."""
    cipher_suites: tuple[str, ...] = ()
    """Ciphers accepted up to TLS 1.2; the proxy's defaults when empty."""
    ecdh_curves: tuple[str, ...] = ()
    """Key exchange curves accepted; the proxy's defaults when empty."""
    insecure_skip_verify: bool | None = None
    """Whether clients' certificates go unverified; for MUTUAL. The default is no."""
