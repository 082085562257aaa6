# SPDX-License-Identifier: Apache-2.0
"""AuthorizationPolicy: which requests a workload accepts (security.istio.io)."""

import enum
from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import Message
from lateen.model.resource import Column, Resource, ResourceType
from lateen.model.schema import REQUIRED, Items, Text
from lateen.model.schema import Rule as SchemaRule
from lateen.model.selector import ONE_TARGET, PolicyTargetReference, WorkloadSelector

ServiceAccounts = Annotated[tuple[Annotated[str, Text(max_length=320)], ...], Items(maximum=16)]


class AuthorizationAction(enum.Enum):
    """What becomes of a request that a rule matches."""

    ALLOW = "ALLOW"
    """It is accepted; with such a policy in place, what no rule matches is refused."""
    DENY = "DENY"
    """It is refused."""
    AUDIT = "AUDIT"
    """It is marked for audit."""
    CUSTOM = "CUSTOM"
    """An external authorizer decides."""


class Source(Message, frozen=True, kw_only=True):
    """Conditions on the caller; all of those given must hold. Values may begin or end with `*`."""

    RULES: ClassVar[tuple[SchemaRule, ...]] = (
        SchemaRule(
            "Cannot set serviceAccounts with namespaces or principals",
            "(has(self.serviceAccounts) || has(self.notServiceAccounts)) ? (!has(self.principals) &&\n"
            "!has(self.notPrincipals) && !has(self.namespaces) && !has(self.notNamespaces)) : true",
            lambda source: (
                not source.keys() & {"service_accounts", "not_service_accounts"}
                or not source.keys() & {"principals", "not_principals", "namespaces", "not_namespaces"}
            ),
        ),
    )

    principals: tuple[str, ...] = ()
    """Identities from the client's certificate: trust-domain/ns/NAMESPACE/sa/ACCOUNT. Needs mutual TLS."""
    not_principals: tuple[str, ...] = ()
    """Identities that do not match."""
    request_principals: tuple[str, ...] = ()
    """Identities from a verified token: ISSUER/SUBJECT."""
    not_request_principals: tuple[str, ...] = ()
    """Token identities that do not match."""
    namespaces: tuple[str, ...] = ()
    """Namespaces from the client's certificate. Needs mutual TLS."""
    not_namespaces: tuple[str, ...] = ()
    """Namespaces that do not match."""
    ip_blocks: tuple[str, ...] = ()
    """Addresses or CIDR ranges of the connection's other end."""
    not_ip_blocks: tuple[str, ...] = ()
    """Address ranges that do not match."""
    remote_ip_blocks: tuple[str, ...] = ()
    """Addresses or CIDR ranges of the original client, from X-Forwarded-For or the PROXY protocol."""
    not_remote_ip_blocks: tuple[str, ...] = ()
    """Original address ranges that do not match."""
    service_accounts: ServiceAccounts = ()
    """Service accounts: NAMESPACE/ACCOUNT, or ACCOUNT of this namespace. No wildcards. Needs mutual TLS."""
    not_service_accounts: ServiceAccounts = ()
    """Service accounts that do not match."""
    trust_domains: tuple[str, ...] = ()
    """Trust domains from the client's certificate. Needs mutual TLS."""
    not_trust_domains: tuple[str, ...] = ()
    """Trust domains that do not match."""


class From(Message, frozen=True, kw_only=True):
    """A caller."""

    source: Source | None = None
    """Conditions on the caller."""


class Operation(Message, frozen=True, kw_only=True):
    """Conditions on the request; all of those given must hold. Values may begin or end with `*`."""

    hosts: tuple[str, ...] = ()
    """Hosts asked for, without regard to case. HTTP only."""
    not_hosts: tuple[str, ...] = ()
    """Hosts that do not match. HTTP only."""
    ports: tuple[str, ...] = ()
    """Port numbers of the workload."""
    not_ports: tuple[str, ...] = ()
    """Port numbers that do not match."""
    methods: tuple[str, ...] = ()
    """HTTP methods; for gRPC always POST."""
    not_methods: tuple[str, ...] = ()
    """HTTP methods that do not match."""
    paths: tuple[str, ...] = ()
    """Paths, for gRPC /package.service/method; `{*}` stands for one segment, `{**}` for any number."""
    not_paths: tuple[str, ...] = ()
    """Paths that do not match."""


class To(Message, frozen=True, kw_only=True):
    """A request."""

    operation: Operation | None = None
    """Conditions on the request."""


class Condition(Message, frozen=True, kw_only=True):
    """A condition on an attribute of the request."""

    key: Annotated[str, REQUIRED] = ""
    """The attribute: request.headers[…], source.ip, request.auth.claims[…], connection.sni, …"""
    values: tuple[str, ...] = ()
    """Values of which it must have one."""
    not_values: tuple[str, ...] = ()
    """Values of which it must have none."""


class Rule(Message, frozen=True, kw_only=True):
    """Requests that meet one of `from`, one of `to` and every one of `when`."""

    from_: Annotated[tuple[From, ...], Items(maximum=512), SchemaRule("`from` must not be empty", "", bool)] = (
        msgspec.field(default=(), name="from")
    )
    """Callers of which one must match; any when empty."""
    to: Annotated[tuple[To, ...], SchemaRule("`to` must not be empty", "", bool)] = ()
    """Requests of which one must match; any when empty."""
    when: tuple[Condition, ...] = ()
    """Conditions that must all hold."""


class ExtensionProviderReference(Message, frozen=True, kw_only=True):
    """A provider of the mesh configuration."""

    name: str = ""
    """Its name in `extensionProviders`."""


class AuthorizationPolicySpec(Message, frozen=True, kw_only=True):
    """Which requests a workload accepts."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("provider",),)
    RULES: ClassVar[tuple[SchemaRule, ...]] = (ONE_TARGET,)

    selector: WorkloadSelector | None = None
    """Workloads of this namespace; all of them, or of the mesh when in the root namespace, when left out."""
    target_ref: PolicyTargetReference | None = None
    """The one resource it is attached to. Replaced by `targetRefs`."""
    target_refs: Annotated[tuple[PolicyTargetReference, ...], Items(maximum=16)] = ()
    """Resources it is attached to, in place of a selector."""
    rules: Annotated[tuple[Rule, ...], Items(maximum=512)] = ()
    """Rules of which one must match. None at all match nothing: ALLOW then refuses everything."""
    action: AuthorizationAction = AuthorizationAction.ALLOW
    """What becomes of matching requests."""
    provider: ExtensionProviderReference | None = None
    """Who decides; for CUSTOM."""


class AuthorizationPolicy(Resource, frozen=True, kw_only=True):
    """Which requests a workload accepts."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="security.istio.io",
        kind="AuthorizationPolicy",
        plural="authorizationpolicies",
        versions=("v1", "v1beta1"),
        short_names=("ap",),
        categories=("istio-io", "security-istio-io"),
        columns=(
            Column("Action", ".spec.action", description="What becomes of matching requests"),
            Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),
        ),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: AuthorizationPolicySpec = AuthorizationPolicySpec()
