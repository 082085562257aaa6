# SPDX-License-Identifier: Apache-2.0
"""Checks of TLS towards an upstream."""

from lateen.model.networking.client_tls import ClientTLSMode, ClientTLSSettings
from lateen.parse.validation.findings import Findings


def check(findings: Findings, field: str, tls: ClientTLSSettings | None) -> None:
    """TLS settings of a DestinationRule."""
    if tls is None:
        return
    if tls.insecure_skip_verify:
        if tls.mode is ClientTLSMode.SIMPLE and (tls.ca_certificates or tls.credential_name or tls.subject_alt_names):
            findings.error(
                field,
                "cannot specify CaCertificates or CredentialName or SubjectAltNames "
                "when InsecureSkipVerify is set true",
                "remove insecureSkipVerify to verify the server",
            )
        if tls.mode is ClientTLSMode.MUTUAL and (tls.ca_certificates or tls.subject_alt_names):
            findings.error(
                field,
                "cannot specify CaCertificates or SubjectAltNames when InsecureSkipVerify is set true",
                "remove insecureSkipVerify to verify the server",
            )
    if tls.mode in (ClientTLSMode.SIMPLE, ClientTLSMode.MUTUAL) and tls.credential_name:
        if tls.client_certificate or tls.ca_certificates or tls.private_key or tls.ca_crl:
            findings.error(
                field,
                "cannot specify client certificates or CA certificate or CA CRL If credentialName is set",
                "keep credentialName, or the paths",
            )
    elif tls.mode is ClientTLSMode.MUTUAL:
        if not tls.client_certificate:
            findings.error(
                field, "client certificate required for mutual tls", "add clientCertificate or credentialName"
            )
        if not tls.private_key:
            findings.error(field, "private key required for mutual tls", "add privateKey or credentialName")
