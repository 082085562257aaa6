# SPDX-License-Identifier: Apache-2.0
"""VirtualServices as routing reads them: names completed, delegates put in their place."""

from __future__ import annotations

import msgspec

from lateen.compile.ingress.rules import ingress_rule
from lateen.compile.mesh import default_virtual_service_export_to, domain
from lateen.compile.routing.delegate import merge_routes
from lateen.compile.routing.http_routes import RouteSemantics, applicable_rules
from lateen.compile.routing.short_names import ShortNames
from lateen.compile.routing.source_match import RouteClient
from lateen.compile.visibility import exported
from lateen.incremental.engine import Engine, query
from lateen.model.networking.http_route import Delegate, HTTPRoute
from lateen.model.networking.virtual_service import VirtualService, VirtualServiceSpec
from lateen.model.ref import Ref
from lateen.state import inputs


def virtual_service_ref(namespace: str, name: str) -> Ref:
    """The identity of a VirtualService."""
    return Ref(VirtualService.TYPE.kind, namespace, name, VirtualService.TYPE.group)


def rule_object(db: Engine, ref: Ref) -> VirtualService | None:
    """The VirtualService of that name, also one that comes from an Ingress."""
    return inputs.virtual_service(db, ref) or ingress_rule(db, ref)


@query
def qualified(db: Engine, ref: Ref) -> VirtualServiceSpec | None:
    """The rule with its own names completed, delegations still in it; None if there is no such object."""
    rule = rule_object(db, ref)
    return ShortNames(ref.namespace, domain(db)).spec(rule.spec) if rule is not None else None


@query
def complete(db: Engine, ref: Ref) -> VirtualServiceSpec | None:
    """The rule as it takes effect: names completed and delegated routes replaced by those of their delegates.

    A route whose delegate is missing, has hosts of its own or is not exported to the root's namespace is left out.
    """
    spec = qualified(db, ref)
    if spec is None or all(route.delegate is None for route in spec.http):
        return spec
    http: list[HTTPRoute] = []
    for route in spec.http:
        if route.delegate is None:
            http.append(route)
        elif (leaf := _delegate(db, route.delegate, ref.namespace)) is not None:
            http += merge_routes(route, leaf.http)
    return msgspec.structs.replace(spec, http=tuple(http))


def _delegate(db: Engine, delegate: Delegate, root_namespace: str) -> VirtualServiceSpec | None:
    namespace = delegate.namespace or root_namespace
    leaf = qualified(db, virtual_service_ref(namespace, delegate.name))
    if leaf is None or leaf.hosts:
        return None
    visible = exported(leaf.export_to, namespace, root_namespace, default_virtual_service_export_to(db))
    return leaf if visible else None


@query
def has_http_rules(db: Engine, ref: Ref, client: RouteClient) -> bool:
    """Whether any HTTP route of the rule can apply for this client."""
    spec = complete(db, ref)
    return spec is not None and bool(applicable_rules(spec.http, client))


ROUTE_SEMANTICS = "internal.istio.io/route-semantics"
"""Annotation of rules made from other kinds: `ingress` or `gateway` (Gateway API)."""


@query
def route_semantics(db: Engine, ref: Ref) -> RouteSemantics:
    """How the rule is to be read."""
    rule = rule_object(db, ref)
    said = rule.metadata.annotations.get(ROUTE_SEMANTICS, "") if rule is not None else ""
    return RouteSemantics(ingress=said == "ingress", gateway_api=said == "gateway")
