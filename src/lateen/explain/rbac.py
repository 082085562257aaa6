# SPDX-License-Identifier: Apache-2.0
"""Role-based access control (envoy.config.rbac.v3), for connections and for requests."""

from __future__ import annotations

from typing import Any as Message

from msgspec import Struct

from lateen.explain import uri_template
from lateen.explain.address import contains, parse_ip, prefix
from lateen.explain.any_message import unpack
from lateen.explain.connection import Connection
from lateen.explain.decision import DownstreamTls
from lateen.explain.header_match import header_condition
from lateen.explain.http_view import HttpView, without_query
from lateen.explain.matcher_tree import MatcherTree
from lateen.explain.metadata_match import filter_state_matches, metadata_matches
from lateen.explain.request import Request
from lateen.explain.string_match import string_condition

ALLOW, DENY, LOG = range(3)
_ACTION = "envoy.config.rbac.v3.Action"
_URI_TEMPLATE = "envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"


class Caller(Struct, frozen=True):
    """Who asks for what: a connection, and the request on it where there is one. `client`: the address that counts."""

    request: Request
    connection: Connection
    tls: DownstreamTls
    view: HttpView | None = None
    client: str = ""


class Verdict(Struct, frozen=True):
    """Whether the caller may pass, and the policy that decided (empty if none matched)."""

    allowed: bool
    policy: str = ""


def judge(config: Message, caller: Caller) -> Verdict:
    """The verdict of an RBAC filter's `rules` or `matcher`; with neither, everyone passes."""
    if config.HasField("matcher"):
        action = MatcherTree(config.matcher).action(caller.view or caller.connection)
        name, message = unpack(action.typed_config) if action is not None else ("", None)
        if message is None or name != _ACTION:
            return Verdict(False)
        return Verdict(message.action != DENY, message.name)
    if not config.HasField("rules"):
        return Verdict(True)
    matched = next((n for n in sorted(config.rules.policies) if _policy(config.rules.policies[n], caller)), "")
    if config.rules.action == LOG:
        return Verdict(True, matched)
    return Verdict(bool(matched) == (config.rules.action == ALLOW), matched)


def _policy(policy: Message, caller: Caller) -> bool:
    if policy.HasField("condition") or policy.HasField("checked_condition"):
        # Expressions (CEL) are not evaluated; such a policy is taken as not matching.
        return False
    return any(_permission(p, caller) for p in policy.permissions) and any(
        _principal(p, caller) for p in policy.principals
    )


def _permission(rule: Message, caller: Caller) -> bool:
    match rule.WhichOneof("rule"):
        case "and_rules":
            return all(_permission(r, caller) for r in rule.and_rules.rules)
        case "or_rules":
            return any(_permission(r, caller) for r in rule.or_rules.rules)
        case "not_rule":
            return not _permission(rule.not_rule, caller)
        case "destination_ip":
            return _within(rule.destination_ip, caller.connection.local.ip)
        case "destination_port":
            return bool(rule.destination_port == caller.connection.local.port)
        case "destination_port_range":
            span = rule.destination_port_range
            return bool(span.start <= caller.connection.local.port < span.end)
        case "requested_server_name":
            return string_condition(rule.requested_server_name).matches(caller.connection.server_name)
        case "uri_template":
            name, template = unpack(rule.uri_template.typed_config)
            if template is None or name != _URI_TEMPLATE or caller.view is None:
                return False
            return uri_template.template_matches(template.path_template, caller.view.path_only)
    return _common(rule, rule.WhichOneof("rule"), caller)


def _principal(identifier: Message, caller: Caller) -> bool:
    match identifier.WhichOneof("identifier"):
        case "and_ids":
            return all(_principal(i, caller) for i in identifier.and_ids.ids)
        case "or_ids":
            return any(_principal(i, caller) for i in identifier.or_ids.ids)
        case "not_id":
            return not _principal(identifier.not_id, caller)
        case "authenticated":
            return _authenticated(identifier.authenticated, caller)
        case "source_ip":
            return _within(identifier.source_ip, caller.connection.source.ip)
        case "direct_remote_ip":
            return _within(identifier.direct_remote_ip, caller.connection.direct_source.ip)
        case "remote_ip":
            return _within(identifier.remote_ip, caller.client or caller.connection.source.ip)
        case "filter_state":
            return filter_state_matches(identifier.filter_state, caller.request.filter_state)
    return _common(identifier, identifier.WhichOneof("identifier"), caller)


def _common(rule: Message, kind: str | None, caller: Caller) -> bool:
    """What permissions and principals can both ask for. A kind that is not known is not met."""
    match kind:
        case "any":
            return bool(rule.any)
        case "header":
            return caller.view is not None and header_condition(rule.header).matches(caller.view)
        case "url_path":
            if caller.view is None or caller.view.path is None:
                return False
            return string_condition(rule.url_path.path).matches(without_query(caller.view.path))
        case "metadata":
            return metadata_matches(rule.metadata, caller.request.metadata)
        case "sourced_metadata":
            return metadata_matches(rule.sourced_metadata.metadata_matcher, caller.request.metadata)
    return False


def _authenticated(rule: Message, caller: Caller) -> bool:
    """By any of the names in the client's certificate: URIs, DNS names, its subject."""
    if not caller.tls.terminates_tls or caller.request.tls is None:
        return False
    if not rule.HasField("principal_name"):
        return True
    if not caller.tls.certificate_presented:
        return False
    tls = caller.request.tls
    wanted = string_condition(rule.principal_name)
    return any(wanted.matches(name) for name in (*tls.uris, *tls.dns_names, tls.subject))


def _within(cidr: Message, ip: str) -> bool:
    network = prefix(cidr)
    return network is not None and contains(network, parse_ip(ip))
