# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of an AuthorizationPolicy."""

import re
from typing import Final

from lateen.model.security.authorization_policy import (
    AuthorizationAction,
    AuthorizationPolicy,
    AuthorizationPolicySpec,
    Condition,
    Operation,
    Rule,
    Source,
)
from lateen.parse.validation import names, selector
from lateen.parse.validation.findings import Findings, quoted

DRY_RUN: Final = "istio.io/dry-run"
_BOOLEANS: Final = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})
_LITERAL: Final = re.compile(r"[a-zA-Z0-9\-._~%!$&'()+,;:@=]+")
_MAP_KEY: Final = re.compile(r"[^\[]+\[.+\]", re.DOTALL)
_MAP_ATTRIBUTES: Final = (
    "request.headers",
    "request.experimental.inline.headers",
    "request.auth.claims",
    "experimental.envoy.filters.",
)
_FREE_ATTRIBUTES: Final = frozenset(
    {
        "source.namespace",
        "source.principal",
        "source.serviceAccount",
        "source.trustDomain",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
        "connection.sni",
    }
)
_ADDRESS_ATTRIBUTES: Final = frozenset({"source.ip", "remote.ip", "destination.ip"})


def check(findings: Findings, found: AuthorizationPolicy) -> None:
    """An AuthorizationPolicy."""
    spec = found.spec
    _check_dry_run(findings, found)
    selector.check_targets(findings, spec.selector, spec.target_ref, spec.target_refs)
    _check_action(findings, spec)
    for index, rule in enumerate(spec.rules):
        place = f"spec.rules[{index}]"
        if spec.action is AuthorizationAction.CUSTOM:
            _check_custom(findings, place, rule)
        _check_rule(findings, place, index, rule)
        if spec.action is AuthorizationAction.DENY and _denies_all_tcp(rule):
            findings.warn(
                place,
                "configured AuthorizationPolicy will deny all traffic to TCP ports under its scope due to the use of "
                "only HTTP attributes in a DENY rule; it is recommended to explicitly specify the port",
                "add to.operation.ports",
                "deny-tcp",
            )


def _check_dry_run(findings: Findings, found: AuthorizationPolicy) -> None:
    value = found.metadata.annotations.get(DRY_RUN)
    if value is None:
        return
    place = f'metadata.annotations["{DRY_RUN}"]'
    where = f"{found.metadata.namespace}/{found.metadata.name}"
    if found.spec.action not in (AuthorizationAction.ALLOW, AuthorizationAction.DENY):
        message = (
            f"the annotation {DRY_RUN} currently only supports action ALLOW/DENY, "
            f"found action {found.spec.action.value} in {where}"
        )
        findings.error(place, message, "remove the annotation")
    elif value not in _BOOLEANS:
        message = f"{where} has annotation {DRY_RUN} with invalid value ({value})"
        findings.error(place, message, 'write "true" or "false"')


def _check_action(findings: Findings, spec: AuthorizationPolicySpec) -> None:
    hint = "add rules"
    meaningless = (
        "is meaningless as it will never be triggered, "
        "add an empty rule `{}` if you want it be triggered for every request"
    )
    if spec.action is AuthorizationAction.CUSTOM:
        if not spec.rules:
            findings.error("spec.rules", f"CUSTOM action without `rules` {meaningless}", hint)
        elif spec.provider is None or not spec.provider.name:
            findings.error("spec.provider.name", "`provider.name` must not be empty", "name an extension provider")
    elif spec.provider is not None:
        message = f"`provider` must not be with non CUSTOM action, found {spec.action.value}"
        findings.error("spec.provider", message, "use action: CUSTOM, or remove it")
    if spec.action is AuthorizationAction.DENY and not spec.rules:
        findings.error("spec.rules", f"DENY action without `rules` {meaningless}", hint)


def _check_custom(findings: Findings, field: str, rule: Rule) -> None:
    for index, caller in enumerate(rule.from_):
        source = caller.source
        if source is None:
            continue
        for name, values in (
            ("From.Namespaces", source.namespaces),
            ("From.NotNamespaces", source.not_namespaces),
            ("From.Principals", source.principals),
            ("From.NotPrincipals", source.not_principals),
            ("From.RequestPrincipals", source.request_principals),
            ("From.NotRequestPrincipals", source.not_request_principals),
            ("From.ServiceAccounts", source.service_accounts),
            ("From.NotServiceAccounts", source.not_service_accounts),
            ("From.TrustDomains", source.trust_domains),
            ("From.NotTrustDomains", source.not_trust_domains),
        ):
            if values:
                message = f"{name} is currently not supported with CUSTOM action"
                findings.error(f"{field}.from[{index}].source", message, "leave it to the authorizer")
    for index, condition in enumerate(rule.when):
        if condition.key in ("source.namespace", "source.principal", "source.serviceAccount", "source.trustDomain") or (
            condition.key.startswith("request.auth.")
        ):
            message = f"{condition.key} is currently not supported with CUSTOM action"
            findings.error(f"{field}.when[{index}].key", message, "leave it to the authorizer")


def _check_rule(findings: Findings, field: str, index: int, rule: Rule) -> None:
    for number, caller in enumerate(rule.from_):
        place = f"{field}.from[{number}]"
        if caller.source is None:
            findings.error(place, f"`from.source` must not be nil, found at rule {index}", "add source")
        else:
            _check_source(findings, f"{place}.source", index, caller.source)
    for number, request in enumerate(rule.to):
        place = f"{field}.to[{number}]"
        if request.operation is None:
            findings.error(place, f"`to.operation` must not be nil, found at rule {index}", "add operation")
        else:
            _check_operation(findings, f"{place}.operation", index, request.operation)
    for number, condition in enumerate(rule.when):
        _check_condition(findings, f"{field}.when[{number}]", condition)


def _check_source(findings: Findings, field: str, index: int, source: Source) -> None:
    if source == Source():
        findings.error(field, f"`from.source` must not be empty, found at rule {index}", "remove it for any caller")
        return
    if (source.service_accounts or source.not_service_accounts) and (
        source.principals or source.not_principals or source.namespaces or source.not_namespaces
    ):
        message = f"cannot set serviceAccounts with namespaces or principals, found at rule {index}"
        findings.error(field, message, "write a source for each")
    for name in ("ip_blocks", "not_ip_blocks", "remote_ip_blocks", "not_remote_ip_blocks"):
        _check_addresses(findings, f"{field}.{_camel(name)}", getattr(source, name))
    for name in ("service_accounts", "not_service_accounts"):
        for number, account in enumerate(getattr(source, name)):
            place = f"{field}.{_camel(name)}[{number}]"
            findings.expect(place, service_account(account, _title(name)), "write namespace/account")
    for name in source.__struct_fields__:
        if name.endswith("service_accounts"):
            continue
        _check_present(findings, f"{field}.{_camel(name)}", _title(name), getattr(source, name))


def _check_operation(findings: Findings, field: str, index: int, operation: Operation) -> None:
    if operation == Operation():
        findings.error(field, f"`to.operation` must not be empty, found at rule {index}", "remove it for any request")
        return
    for name in ("ports", "not_ports"):
        _check_ports(findings, f"{field}.{_camel(name)}", getattr(operation, name))
    for name in operation.__struct_fields__:
        _check_present(findings, f"{field}.{_camel(name)}", _title(name), getattr(operation, name))
    for name in ("paths", "not_paths"):
        for number, path in enumerate(getattr(operation, name)):
            findings.expect(f"{field}.{_camel(name)}[{number}]", path_template(path, _title(name)))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _check_present(findings: Findings, field: str, name: str, values: tuple[str, ...]) -> None:
    for index, value in enumerate(values):
        if not value:
            findings.error(f"{field}[{index}]", f"empty value not allowed, found in {name}", "remove it, or fill it in")


def _check_addresses(findings: Findings, field: str, values: tuple[str, ...]) -> None:
    for index, value in enumerate(values):
        if "/" in value:
            if not names.is_prefix(value):
                findings.error(f"{field}[{index}]", f"bad CIDR range ({value})", "write 10.1.0.0/16")
        elif not names.is_ip(value):
            findings.error(f"{field}[{index}]", f"bad IP address ({value})", "write an address or a range")


def _check_ports(findings: Findings, field: str, values: tuple[str, ...]) -> None:
    for index, value in enumerate(values):
        if not (value.isascii() and value.isdigit() and len(value) < 20 and int(value) <= 65535):
            findings.error(f"{field}[{index}]", f"bad port ({value})", "write a number from 1 to 65535")


def service_account(account: str, field: str) -> str | None:
    """A service account: NAMESPACE/ACCOUNT, or ACCOUNT."""
    if not account:
        return f"empty value not allowed, found in {field}"
    if "*" in account:
        return f"wildcard not allowed, found in {field}"
    if len(account) > 320:
        return f"value cannot exceed 320 characters, found {quoted(account)} in {field}"
    if account.count("/") > 1 or not all(account.split("/")):
        form = "expected format 'serviceAccount' or 'namespace/serviceAccount'"
        return f"{form}, found {quoted(account)} in {field}"
    return None


def path_template(path: str, field: str) -> str | None:
    """A path that may have templates: {*} for one segment, {**} for the rest."""
    has_template = "{*}" in path or "{**}" in path
    found_rest = False
    for part in path.strip("/").split("/"):
        if part in ("{*}", "{**}"):
            if found_rest:
                return f"invalid or unsupported path {path}, found in {field}. {{**}} is not the last operator"
            found_rest = part == "{**}"
        elif "{" in part or "}" in part:
            return (
                f"invalid or unsupported path {path}, found in {field}. Contains '{{' or '}}' beyond a supported "
                "path template"
            )
        elif has_template and not _LITERAL.fullmatch(part):
            what = f"Contains segment {part} with invalid string literal"
            return f"invalid or unsupported path {path}, found in {field}. {what}"
    return None


def _check_condition(findings: Findings, field: str, condition: Condition) -> None:
    if not condition.key:
        findings.error(f"{field}.key", "`key` must not be empty", "name an attribute, such as request.headers[x-user]")
        return
    if not condition.values and not condition.not_values:
        message = f"at least one of `values` or `notValues` must be set for key {condition.key}"
        findings.error(field, message, "add values")
        return
    for name, values, word in (
        ("values", condition.values, "value"),
        ("notValues", condition.not_values, "notValue"),
    ):
        wrong = attribute(condition.key, values)
        if wrong is not None:
            findings.error(f"{field}.{name}", f"invalid `{word}` for `key` {condition.key}: {wrong}")


def attribute(name: str, values: tuple[str, ...]) -> str | None:
    """A condition's attribute with its values."""
    if "" in values:
        return f"empty value not allowed, found in {name}"
    if name.startswith(_MAP_ATTRIBUTES):
        return None if _MAP_KEY.fullmatch(name) else f"bad key ({name}): should have format a[b]"
    probe = Findings()
    if name in _ADDRESS_ATTRIBUTES:
        _check_addresses(probe, "", values)
    elif name == "destination.port":
        _check_ports(probe, "", values)
    elif name == "source.serviceAccount":
        return next((wrong for value in values if (wrong := service_account(value, name))), None)
    elif name == "destination.namespace":
        return f"attribute {name} is replaced by the metadata.namespace"
    elif name.startswith("destination.labels"):
        return f"attribute {name} is replaced by the workload selector"
    elif name in ("destination.name", "destination.user"):
        return f"deprecated attribute {name}: only supported in v1alpha1"
    elif name not in _FREE_ATTRIBUTES:
        return f"unknown attribute: {name}"
    return probe.problems[0].message if probe.problems else None


def _denies_all_tcp(rule: Rule) -> bool:
    """Whether a rule has only conditions that plain TCP cannot meet or miss."""
    sources = [caller.source for caller in rule.from_ if caller.source is not None]
    operations = [request.operation for request in rule.to if request.operation is not None]
    tcp_source = any(
        source.principals
        or source.not_principals
        or source.ip_blocks
        or source.not_ip_blocks
        or source.namespaces
        or source.not_namespaces
        or source.remote_ip_blocks
        or source.not_remote_ip_blocks
        or source.service_accounts
        or source.not_service_accounts
        or source.trust_domains
        or source.not_trust_domains
        for source in sources
    )
    tcp_operation = any(operation.ports or operation.not_ports for operation in operations)
    return (bool(sources) and not operations and not tcp_source) or (bool(operations) and not tcp_operation)
