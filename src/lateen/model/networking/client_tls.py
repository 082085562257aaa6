# SPDX-License-Identifier: Apache-2.0
"""TLS towards an upstream."""

import enum

from lateen.model.message import Message


class ClientTLSMode(enum.Enum):
    """Whether and how TLS is spoken to the upstream."""

    DISABLE = "DISABLE"
    """Plain text."""
    SIMPLE = "SIMPLE"
    """TLS without a client certificate."""
    MUTUAL = "MUTUAL"
    """TLS with the client certificate given here."""
    ISTIO_MUTUAL = "ISTIO_MUTUAL"
    """TLS with the certificate that the mesh gave the workload; all other fields stay empty."""


class ClientTLSSettings(Message, frozen=True, kw_only=True):
    """TLS towards an upstream."""

    mode: ClientTLSMode = ClientTLSMode.DISABLE
    """Whether and how TLS is spoken."""
    client_certificate: str = ""
    """Path of the client certificate in the proxy's file system; for MUTUAL."""
    private_key: str = ""
    """Path of its private key; for MUTUAL."""
    ca_certificates: str = ""
    """Path of the authorities that the server's certificate is verified against."""
    credential_name: str = ""
    """Secret with certificate and authorities, in place of the paths; gateways and rules with a workloadSelector."""
    subject_alt_names: tuple[str, ...] = ()
    """Names of which the server's certificate must carry one; those of the ServiceEntry when empty."""
    sni: str = ""
    """Server name sent in the handshake; the host of the request when empty."""
    insecure_skip_verify: bool | None = None
    """Whether the server's certificate goes unverified; the default is no."""
    ca_crl: str = ""
    """Path of the list of revoked certificates."""
