# SPDX-License-Identifier: Apache-2.0
"""Checks of TLS towards clients."""

from collections import Counter
from typing import Final

from lateen.model.networking.cipher_suite import CIPHER_SUITES
from lateen.model.networking.server_tls import ServerTLSMode, ServerTLSSettings, TLSProtocol
from lateen.parse.validation.findings import Findings

_CERTIFICATE_MODES: Final = (ServerTLSMode.SIMPLE, ServerTLSMode.MUTUAL, ServerTLSMode.OPTIONAL_MUTUAL)


def check(findings: Findings, field: str, tls: ServerTLSSettings | None) -> None:
    """TLS settings of a server."""
    if tls is None:
        return
    _check_ciphers(findings, field, tls)
    if tls.mode is ServerTLSMode.ISTIO_MUTUAL:
        _check_istio_mutual(findings, field, tls)
        return
    names_certificate = bool(tls.credential_name or tls.credential_names)
    if tls.mode in (ServerTLSMode.PASSTHROUGH, ServerTLSMode.AUTO_PASSTHROUGH) and (
        tls.ca_crl
        or tls.server_certificate
        or tls.private_key
        or tls.ca_certificates
        or names_certificate
        or tls.tls_certificates
    ):
        message = f"{tls.mode.value} mode does not use certificates, they will be ignored"
        findings.warn(field, message, "use SIMPLE to terminate TLS here, or remove the certificates")
    _check_sources(findings, field, tls)
    if tls.mode in _CERTIFICATE_MODES and names_certificate:
        return
    if tls.mode in _CERTIFICATE_MODES:
        _check_files(findings, field, tls)
    if tls.ca_crl and tls.credential_name:
        message = "CRL is not supported with credentialName. CRL has to be specified in the credential"
        findings.error(f"{field}.caCrl", message, "put it into the Secret as ca.crl")
    if tls.ca_crl and tls.mode is ServerTLSMode.SIMPLE:
        findings.error(f"{field}.caCrl", "CRL is not supported with SIMPLE TLS", "use MUTUAL, or remove caCrl")


def is_cipher_suite(name: str) -> bool:
    """Whether a name is one of BoringSSL's, or belongs to its language of operators (-AES128-SHA)."""
    return name in ("", "ALL") or not name[0].isalnum() or name in CIPHER_SUITES


def _check_ciphers(findings: Findings, field: str, tls: ServerTLSSettings) -> None:
    if tls.min_protocol_version in (TLSProtocol.TLSV1_0, TLSProtocol.TLSV1_1) and not tls.cipher_suites:
        findings.warn(
            f"{field}.minProtocolVersion",
            "TLS version below TLSV1_2 require setting compatible ciphers "
            "as by default they no longer include compatible ciphers.",
            "add cipherSuites, or use TLSV1_2",
        )
    invalid = sorted({suite for suite in tls.cipher_suites if not is_cipher_suite(suite)})
    valid = [suite for suite in tls.cipher_suites if is_cipher_suite(suite)]
    duplicate = sorted(suite for suite, count in Counter(valid).items() if count > 1)
    place = f"{field}.cipherSuites"
    if invalid:
        findings.warn(place, f"ignoring invalid cipher suites: [{' '.join(invalid)}]", "use names of BoringSSL")
    if duplicate:
        findings.warn(place, f"ignoring duplicate cipher suites: [{' '.join(duplicate)}]", "keep one of each")


def _check_istio_mutual(findings: Findings, field: str, tls: ServerTLSSettings) -> None:
    for name, words, value in (
        ("serverCertificate", "server certificate", tls.server_certificate),
        ("privateKey", "private key", tls.private_key),
        ("caCertificates", "CA bundle", tls.ca_certificates),
        ("credentialName", "credentialName", tls.credential_name),
        ("credentialNames", "credentialNames", tls.credential_names),
        ("tlsCertificates", "tlsCertificates", tls.tls_certificates),
    ):
        if value:
            message = f"ISTIO_MUTUAL TLS cannot have associated {words}"
            findings.error(f"{field}.{name}", message, "remove it, or use MUTUAL")


def _check_sources(findings: Findings, field: str, tls: ServerTLSSettings) -> None:
    """A certificate is named in one way only."""
    ways = (
        bool(tls.server_certificate and tls.private_key),
        bool(tls.credential_name),
        bool(tls.credential_names),
        bool(tls.tls_certificates),
    )
    if sum(ways) > 1:
        message = (
            "only one of credential_name, credential_names, server_certificate/private_key, tls_certificates "
            "should be specified"
        )
        findings.error(field, message, "keep one of them")


def _check_files(findings: Findings, field: str, tls: ServerTLSSettings) -> None:
    words = "SIMPLE" if tls.mode is ServerTLSMode.SIMPLE else "MUTUAL"
    hint = "add it, or credentialName with a Secret"
    if words == "MUTUAL" and not tls.ca_certificates:
        findings.error(f"{field}.caCertificates", "MUTUAL TLS requires a client CA bundle", hint)
    if len(tls.tls_certificates) > 2:
        message = f"{words} TLS can support up to 2 server certificates"
        findings.warn(f"{field}.tlsCertificates", message, "keep an RSA and an ECDSA certificate")
    if tls.tls_certificates:
        for index, certificate in enumerate(tls.tls_certificates):
            place = f"{field}.tlsCertificates[{index}]"
            if not certificate.server_certificate:
                findings.error(place, f"{words} TLS requires a server certificate", hint)
            if not certificate.private_key:
                findings.error(place, f"{words} TLS requires a private key", hint)
    else:
        if not tls.server_certificate:
            findings.error(f"{field}.serverCertificate", f"{words} TLS requires a server certificate", hint)
        if not tls.private_key:
            findings.error(f"{field}.privateKey", f"{words} TLS requires a private key", hint)
