# SPDX-License-Identifier: Apache-2.0
"""Checks of the HTTP routes of a VirtualService."""

from collections.abc import Mapping
from typing import Final

from lateen.model.networking.http_match import HTTPMatchRequest, StringMatch
from lateen.model.networking.http_route import (
    HTTPDirectResponse,
    HTTPRedirect,
    HTTPRewrite,
    HTTPRoute,
    RegexRewrite,
)
from lateen.parse.text.field_path import key
from lateen.parse.validation import destination, durations, headers, http_policy, names, regex
from lateen.parse.validation.findings import Findings, quoted
from lateen.parse.validation.gateway_name import check as check_gateway_names

_KIB: Final = 1024


def check(findings: Findings, field: str, route: HTTPRoute, is_delegate: bool) -> None:
    """One route; `is_delegate` when its VirtualService has no hosts of its own."""
    is_root = route.delegate is not None and not is_delegate
    if is_root:
        _check_root(findings, field, route)
    else:
        _check_actions(findings, field, route, is_delegate)
    for index, match in enumerate(route.match):
        _check_match(findings, f"{field}.match[{index}]", match)
    headers.check(findings, f"{field}.headers", route.headers)
    http_policy.check_cors(findings, f"{field}.corsPolicy", route.cors_policy)
    http_policy.check_fault(findings, f"{field}.fault", route.fault)
    http_policy.check_mirrors(findings, field, route)
    check_redirect(findings, f"{field}.redirect", route.redirect)
    check_direct_response(findings, f"{field}.directResponse", route.direct_response)
    http_policy.check_retries(findings, f"{field}.retries", route.retries)
    check_rewrite(findings, f"{field}.rewrite", route.rewrite)
    _check_authority(findings, field, route)
    destination.check_weighted(findings, f"{field}.route", route.route)
    findings.expect(f"{field}.timeout", durations.positive(route.timeout), "leave it out for no timeout")


def _check_root(findings: Findings, field: str, route: HTTPRoute) -> None:
    name = route.name
    if route.redirect is not None:
        findings.error(
            f"{field}.redirect", f"root HTTP route {name} must not specify redirect", "move it to the delegate"
        )
    if route.route:
        findings.error(f"{field}.route", f"root HTTP route {name} must not specify route", "move it to the delegate")


def _check_actions(findings: Findings, field: str, route: HTTPRoute, is_delegate: bool) -> None:
    if is_delegate and route.delegate is not None:
        findings.error(f"{field}.delegate", "delegate HTTP route cannot contain delegate", "name the routes here")
    if route.redirect is not None:
        if route.route:
            findings.error(field, "HTTP route cannot contain both route and redirect", "keep one of them")
        if route.fault is not None:
            findings.error(f"{field}.fault", "HTTP route cannot contain both fault and redirect", "keep one of them")
        if route.rewrite is not None:
            message = "HTTP route rule cannot contain both rewrite and redirect"
            findings.error(f"{field}.rewrite", message, "the redirect itself has uri and authority")
        if route.direct_response is not None:
            findings.error(
                field, "HTTP route rule cannot contain both direct_response and redirect", "keep one of them"
            )
    elif route.direct_response is not None:
        if route.route:
            findings.error(field, "HTTP route cannot contain both route and direct_response", "keep one of them")
        if route.fault is not None:
            findings.error(
                f"{field}.fault", "HTTP route cannot contain both fault and direct_response", "keep one of them"
            )
        if route.rewrite is not None:
            message = "HTTP route rule cannot contain both rewrite and direct_response"
            findings.error(f"{field}.rewrite", message, "keep one of them")
    elif not route.route:
        hint = "add route, redirect or directResponse"
        findings.error(field, "HTTP route, redirect or direct_response is required", hint)


def _check_match(findings: Findings, field: str, match: HTTPMatchRequest) -> None:
    if match.uri is not None:  # an empty prefix of the path is every path
        regex.check_regex(findings, f"{field}.uri", match.uri, "uri")
    for name, condition in (("scheme", match.scheme), ("method", match.method), ("authority", match.authority)):
        if condition is not None:
            regex.check(findings, f"{field}.{name}", condition, name)
    for name, conditions in (("headers", match.headers), ("withoutHeaders", match.without_headers)):
        for header in conditions:
            place = f"{field}.{name}{key(header)}"
            findings.expect(place, headers.match_name(header), "write the name without colon and value")
    _check_conditions(findings, field, "headers", match.headers)
    _check_conditions(findings, field, "withoutHeaders", match.without_headers)
    _check_conditions(findings, field, "queryParams", match.query_params)
    if match.port:
        findings.expect(f"{field}.port", names.port(match.port))
    names.check_labels(findings, f"{field}.sourceLabels", match.source_labels)
    check_gateway_names(findings, f"{field}.gateways", match.gateways)
    if match.source_namespace and not names.is_label(match.source_namespace):
        message = f"sourceNamespace match {match.source_namespace} is invalid"
        findings.error(f"{field}.sourceNamespace", message, "name one namespace")


def _check_conditions(findings: Findings, field: str, where: str, conditions: Mapping[str, StringMatch]) -> None:
    for name, condition in conditions.items():
        if where == "withoutHeaders" and condition.regex == "*":  # stands for: present
            continue
        regex.check(findings, f"{field}.{where}{key(name)}", condition, where)


def check_redirect(findings: Findings, field: str, redirect: HTTPRedirect | None) -> None:
    """An answer with a redirect."""
    if redirect is None:
        return
    if (
        not redirect.uri
        and not redirect.authority
        and redirect.port is None
        and redirect.derive_port is None
        and not redirect.scheme
        and not redirect.prefix_rewrite
    ):
        findings.error(field, "redirect must specify URI, authority, scheme, or port", "add one of them")
        return
    if redirect.uri and redirect.prefix_rewrite:
        findings.error(field, "redirect uri and prefixRewrite cannot both be set", "keep one of them")
        return
    if redirect.redirect_code and not 300 <= redirect.redirect_code <= 399:
        message = f"{redirect.redirect_code} is not a valid redirect code, must be 3xx"
        findings.error(f"{field}.redirectCode", message, "use 301, 302, 303, 307 or 308")
    if redirect.scheme not in ("", "http", "https"):
        findings.error(f"{field}.scheme", 'invalid redirect scheme, must be "http" or "https"')
    if redirect.port:
        findings.expect(f"{field}.port", names.port(redirect.port))


def check_direct_response(findings: Findings, field: str, response: HTTPDirectResponse | None) -> None:
    """An answer of the proxy's own."""
    if response is None:
        return
    if response.body is not None:
        body = response.body.string.encode() if response.body.string is not None else response.body.bytes or b""
        impact = "large direct_responses may impact control plane performance"
        if len(body) > _KIB * _KIB:
            findings.error(f"{field}.body", f"{impact}, must be less than 1MB", "serve it from a workload")
        elif len(body) > 100 * _KIB:
            findings.warn(f"{field}.body", impact, "serve it from a workload")
    findings.expect(f"{field}.status", http_policy.http_status(response.status))


def check_rewrite(findings: Findings, field: str, rewrite: HTTPRewrite | None) -> None:
    """Changes before forwarding."""
    if rewrite is None:
        return
    if rewrite.uri and rewrite.uri_regex_rewrite is not None:
        findings.error(field, "rewrite may only contain one of URI or UriRegexRewrite", "keep one of them")
    elif not rewrite.uri and rewrite.uri_regex_rewrite is None and not rewrite.authority:
        findings.error(
            field,
            "rewrite must specify at least one of URI, UriRegexRewrite, or authority. "
            "Only one of URI or UriRegexRewrite may be specified",
            "add one of them",
        )
    else:
        check_regex_rewrite(findings, f"{field}.uriRegexRewrite", rewrite.uri_regex_rewrite)


def check_regex_rewrite(findings: Findings, field: str, rewrite: RegexRewrite | None) -> None:
    """A rewrite by a regular expression."""
    if rewrite is None:
        return
    if not rewrite.match or not rewrite.rewrite:
        findings.error(field, "UriRegexRewrite requires both Rewrite and Match fields to be specified", "add the other")
        return
    findings.expect(f"{field}.match", regex.expression(rewrite.match, "HTTPRewrite.UriRegexRewrite.Match"))


def _check_authority(findings: Findings, field: str, route: HTTPRoute) -> None:
    """The host may be rewritten in one place only."""
    current = route.rewrite.authority if route.rewrite is not None else ""
    request = route.headers.request if route.headers is not None else None
    if request is None:
        return
    for changes in (request.set, request.add):
        for name, value in changes.items():
            if headers.is_authority(name):
                if current:
                    message = (
                        f"authority header cannot be set multiple times: have {quoted(current)}, "
                        f"attempting to set {quoted(value)}"
                    )
                    findings.error(f"{field}.headers", message, "keep one of them")
                    return
                current = value
