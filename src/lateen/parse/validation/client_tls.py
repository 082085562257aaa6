# SPDX-License-Identifier: Apache-2.0
"""Checks of TLS towards an upstream."""

from typing import Final

from lateen.model.networking.client_tls import ClientTLSMode, ClientTLSSettings
from lateen.parse.validation.findings import Findings, quoted

_CONFIG_MAP: Final = "configmap://"


def check(findings: Findings, field: str, tls: ClientTLSSettings | None, namespace: str = "") -> None:
    """TLS settings of a DestinationRule in a namespace."""
    if tls is None:
        return
    if tls.credential_name.startswith(_CONFIG_MAP):
        _check_config_map(findings, f"{field}.credentialName", tls.credential_name, namespace)
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


def _check_config_map(findings: Findings, field: str, name: str, namespace: str) -> None:
    owner, slash, config_map = name.removeprefix(_CONFIG_MAP).partition("/")
    what = "invalid configmap:// credentialName"
    if not slash or not owner or not config_map or "/" in config_map:
        message = f"{what}: invalid resource name {name}. Expected namespace and name"
        findings.error(field, message, f"write configmap://{namespace}/NAME")
    elif owner != namespace or not namespace:
        message = f"{what}: namespace must match the configuration namespace {quoted(namespace)}"
        findings.error(field, message, f"write configmap://{namespace}/NAME")
