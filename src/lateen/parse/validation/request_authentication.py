# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a RequestAuthentication."""

import json
from urllib.parse import urlsplit

from lateen.model.security.request_authentication import JWTRule, RequestAuthentication
from lateen.parse.validation import durations, headers, selector
from lateen.parse.validation.findings import Findings, quoted


def check(findings: Findings, found: RequestAuthentication) -> None:
    """A RequestAuthentication."""
    spec = found.spec
    selector.check_targets(findings, spec.selector, spec.target_ref, spec.target_refs)
    for index, rule in enumerate(spec.jwt_rules):
        _check_rule(findings, f"spec.jwtRules[{index}]", rule)


def _check_rule(findings: Findings, field: str, rule: JWTRule) -> None:
    if not rule.issuer and not rule.jwks_uri:
        message = "issuer or jwksUri must be non-empty string"
        findings.error(f"{field}.issuer", message, "add the issuer of the tokens")
    _check_filled(findings, f"{field}.audiences", "audience must be non-empty string", rule.audiences)
    if rule.jwks_uri:
        findings.expect(f"{field}.jwksUri", jwks_uri(rule.jwks_uri), "write https://host/path")
    if rule.jwks:
        findings.expect(f"{field}.jwks", jwks(rule.jwks), 'write a JSON object with "keys"')
    names = tuple(header.name for header in rule.from_headers)
    _check_filled(findings, f"{field}.fromHeaders", "location header name must be non-empty string", names)
    _check_filled(findings, f"{field}.fromParams", "location query must be non-empty string", rule.from_params)
    _check_filled(findings, f"{field}.fromCookies", "cookie name must be non-empty string", rule.from_cookies)
    message = "space delimited claim must be non-empty string"
    _check_filled(findings, f"{field}.spaceDelimitedClaims", message, rule.space_delimited_claims)
    for index, copy in enumerate(rule.output_claim_to_headers):
        place = f"{field}.outputClaimToHeaders[{index}]"
        if not copy.claim or not copy.header:
            message = "outputClaimToHeaders header and claim value must be non-empty string"
            findings.error(place, message, "add the other")
        else:
            findings.expect(f"{place}.header", headers.strict_name(copy.header))
    findings.expect(f"{field}.timeout", durations.positive(rule.timeout))


def _check_filled(findings: Findings, field: str, message: str, values: tuple[str, ...]) -> None:
    for index, value in enumerate(values):
        if not value:
            findings.error(f"{field}[{index}]", message, "remove it, or fill it in")


def jwks_uri(uri: str) -> str | None:
    """Where keys are fetched: http or https, with an optional port."""
    try:
        parts = urlsplit(uri)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError as error:
        return f"failed to parse url: {error}"
    if parts.scheme not in ("http", "https"):
        return f"URI scheme {quoted(parts.scheme)} is not supported"
    return None if port_is_sound and "\\" not in uri and " " not in uri else f"invalid url {uri}"


def jwks(text: str) -> str | None:
    """Keys: a JSON object with a list of them, or one."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"jwks parse error: {error}"
    keys = data.get("keys", [data]) if isinstance(data, dict) else None
    if not isinstance(keys, list) or not all(isinstance(part, dict) and part.get("kty") for part in keys):
        return "jwks parse error: not a set of keys"
    return None
