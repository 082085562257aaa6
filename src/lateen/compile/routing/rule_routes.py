# SPDX-License-Identifier: Apache-2.0
"""The HTTP routes of a VirtualService for one client: first what they depend on, then their translation.

The two steps are apart so that clients for whom a rule comes to the same share one translation.
"""

from __future__ import annotations

import msgspec
from envoy.config.route.v3.route_components_pb2 import Route

from lateen.compile.mesh import default_retries
from lateen.compile.routing.http_routes import (
    Refusal,
    RouteOptions,
    RouteSemantics,
    Rules,
    Target,
    applicable_rules,
    destinations,
    http_routes,
)
from lateen.compile.routing.source_match import RouteClient
from lateen.compile.routing.targets import Directions
from lateen.compile.routing.virtual_service import complete, qualified, route_semantics
from lateen.incremental.engine import Engine
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.networking.destination import Destination
from lateen.model.ref import Ref


class ResolvedRule(msgspec.Struct, frozen=True, cache_hash=True):
    """All that the routes of a VirtualService depend on besides the rule itself and the mesh's settings."""

    source: Ref
    rules: Rules
    targets: tuple[tuple[Destination, Target], ...]
    port: int
    tls: bool
    semantics: RouteSemantics


def resolve_rule(
    db: Engine, source: Ref, client: RouteClient, directions: Directions, *, tls: bool = False
) -> ResolvedRule | None:
    """What the VirtualService `source` comes to for a client; None if no route of it is left.

    `tls`: whether the listener terminates TLS.
    """
    spec = complete(db, source)
    if spec is None:
        return None
    rules = applicable_rules(spec.http, client)
    if not rules:
        return None
    used = dict.fromkeys(d for d in destinations(spec.http, rules) if d.host)
    targets = tuple((destination, directions.http_target(db, destination)) for destination in used)
    return ResolvedRule(source, rules, targets, client.port, tls, route_semantics(db, source))


def translate_rule(db: Engine, resolved: ResolvedRule) -> tuple[Route, ...]:
    """The Envoy routes of a resolved rule, for use inside a query: what Envoy would refuse is left out and reported."""
    spec = complete(db, resolved.source)
    if spec is None:
        return ()
    options = RouteOptions(
        source=resolved.source,
        port=resolved.port,
        tls=resolved.tls,
        default_retries=default_retries(db),
        semantics=resolved.semantics,
    )
    routes, refused = http_routes(spec.http, resolved.rules, dict(resolved.targets), options)
    for refusal in refused:
        _report(db, resolved.source, refusal)
    return routes


def _report(db: Engine, source: Ref, refusal: Refusal) -> None:
    written = qualified(db, source)
    # Where routes come from delegates, their places are not those of the text.
    in_place = written is not None and all(route.delegate is None for route in written.http)
    db.report(
        Diagnostic(
            severity=Severity.ERROR,
            code="route-refused",
            ref=source,
            field=f"spec.http[{refusal.rule}]" if in_place else "",
            message=f"the route {refusal.name!r} is left out, for Envoy would refuse it: {'; '.join(refusal.reasons)}",
            hint="correct the named part of the route; the other routes take effect",
        )
    )
