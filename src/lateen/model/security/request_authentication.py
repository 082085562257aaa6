# SPDX-License-Identifier: Apache-2.0
"""RequestAuthentication: which tokens a workload accepts (security.istio.io)."""

import enum
from typing import Annotated, ClassVar

from lateen.model.message import Message
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import REQUIRED, Interval, Items, Rule, Text
from lateen.model.selector import ONE_TARGET, PolicyTargetReference, WorkloadSelector
from lateen.model.url import url_scheme


class JWTHeader(Message, frozen=True, kw_only=True):
    """A header that carries the token."""

    name: Annotated[str, REQUIRED, Text(min_length=1)] = ""
    """Name of the header."""
    prefix: str = ""
    """What comes before the token, such as `Bearer ` with its space."""


class ClaimToHeader(Message, frozen=True, kw_only=True):
    """A claim that is copied to a header."""

    header: Annotated[str, REQUIRED, Text(min_length=1, pattern="^[-_A-Za-z0-9]+$")] = ""
    """Name of the header."""
    claim: Annotated[str, REQUIRED, Text(min_length=1)] = ""
    """Name of the claim; `a.b` for nested ones. Text, numbers and truth values only."""


class JWTPresence(enum.Enum):
    """Whether a token must be there."""

    OPTIONAL = "OPTIONAL"
    """A request without one is accepted."""
    REQUIRED = "REQUIRED"
    """A request without one is refused."""


class JWTRule(Message, frozen=True, kw_only=True):
    """One issuer whose tokens are accepted."""

    SNAKE_CASE_TOO: ClassVar[tuple[str, ...]] = ("jwks_uri",)
    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "only one of jwks or jwksUri can be set",
            "(has(self.jwksUri) ? 1 : 0) + (has(self.jwks_uri) ? 1 : 0) + (has(self.jwks) ? 1 : 0) <= 1",
            lambda rule: "jwks" not in rule or "jwks_uri" not in rule,
        ),
    )

    issuer: Annotated[str, Text(min_length=1)] = ""
    """Who issued the token (claim `iss`)."""
    audiences: tuple[Annotated[str, Text(min_length=1)], ...] = ()
    """Audiences (claim `aud`) of which the token must name one; any when empty."""
    jwks_uri: Annotated[
        str,
        Text(min_length=1, max_length=2048),
        Rule(
            "url must have scheme http:// or https://",
            'url(self).getScheme() in ["http", "https"]',
            lambda url: url_scheme(url) in ("http", "https"),
        ),
    ] = ""
    """Where the keys are; found by OpenID discovery at the issuer when neither this nor `jwks` is given."""
    jwks: str = ""
    """The keys themselves."""
    from_headers: tuple[JWTHeader, ...] = ()
    """Headers that carry it; `Authorization: Bearer` and the parameter `access_token` when no place is given."""
    from_params: tuple[Annotated[str, Text(min_length=1)], ...] = ()
    """Query parameters that carry it."""
    output_payload_to_header: str = ""
    """Header that gets the verified payload in base64url."""
    forward_original_token: bool = False
    """Whether the token is passed on to the workload."""
    output_claim_to_headers: tuple[ClaimToHeader, ...] = ()
    """Claims that are copied to headers."""
    timeout: Interval | None = None
    """Time for fetching the keys; 5s when left out."""
    from_cookies: tuple[Annotated[str, Text(min_length=1)], ...] = ()
    """Cookies that carry it."""
    presence: JWTPresence = JWTPresence.OPTIONAL
    """Whether the token must be there."""
    space_delimited_claims: Annotated[tuple[Annotated[str, Text(min_length=1)], ...], Items(maximum=64)] = ()
    """Claims, besides `scope` and `permission`, whose text is a list separated by spaces."""


class RequestAuthenticationSpec(Message, frozen=True, kw_only=True):
    """Which tokens a workload accepts."""

    RULES: ClassVar[tuple[Rule, ...]] = (ONE_TARGET,)

    selector: WorkloadSelector | None = None
    """Workloads of this namespace; all of them, or of the mesh when in the root namespace, when left out."""
    target_ref: PolicyTargetReference | None = None
    """The one resource it is attached to. Replaced by `targetRefs`."""
    target_refs: Annotated[tuple[PolicyTargetReference, ...], Items(maximum=16)] = ()
    """Resources it is attached to, in place of a selector."""
    jwt_rules: Annotated[tuple[JWTRule, ...], Items(maximum=4096)] = ()
    """Issuers. A bad token is refused, a request without any is accepted (AuthorizationPolicy can demand one)."""


class RequestAuthentication(Resource, frozen=True, kw_only=True):
    """Which tokens a workload accepts."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="security.istio.io",
        kind="RequestAuthentication",
        plural="requestauthentications",
        versions=("v1", "v1beta1"),
        short_names=("ra",),
        categories=("istio-io", "security-istio-io"),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: RequestAuthenticationSpec = RequestAuthenticationSpec()
