# SPDX-License-Identifier: Apache-2.0
"""The VirtualServices of Ingresses: one for each host, with the paths of every Ingress that has the host."""

from __future__ import annotations

from lateen.compile.ingress.gateways import MARK, NAMESPACE, gateway_name
from lateen.compile.ingress.served import served_ingresses
from lateen.compile.mesh import domain
from lateen.incremental.engine import Engine, query
from lateen.model.core.ingress import HTTPIngressPath, Ingress, IngressBackend
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.message import FrozenMap
from lateen.model.networking.destination import Destination, HTTPRouteDestination
from lateen.model.networking.http_match import HTTPMatchRequest, StringMatch
from lateen.model.networking.http_route import HTTPRoute
from lateen.model.networking.port import PortSelector
from lateen.model.networking.virtual_service import VirtualService, VirtualServiceSpec
from lateen.model.ref import Ref
from lateen.model.resource import ObjectMeta
from lateen.state import inputs

SEMANTICS = FrozenMap({"internal.istio.io/route-semantics": "ingress"})
"""Annotation by which the routes are read as Ingress means them: prefixes end at a slash."""


@query
def ingress_rules(db: Engine) -> FrozenMap[Ref, VirtualService]:
    """The VirtualServices that come from Ingresses, the oldest Ingress's first."""
    owners: dict[str, Ingress] = {}
    routes: dict[str, list[HTTPRoute]] = {}
    for ingress in served_ingresses(db):
        for index, rule in enumerate(ingress.spec.rules):
            if rule.http is None:
                continue
            host = rule.host or "*"
            owners.setdefault(host, ingress)
            found = routes.setdefault(host, [])
            for at, path in enumerate(rule.http.paths):
                route = _route(db, ingress, path, f"spec.rules[{index}].http.paths[{at}]")
                if route is not None:
                    found.append(route)
    rules = {}
    for host, ingress in owners.items():
        prefix = "" if host == "*" else host.replace(".", "-")
        rule_object = VirtualService(
            metadata=ObjectMeta(
                name=f"{prefix}-{ingress.name}-{MARK}", namespace=ingress.namespace, annotations=SEMANTICS
            ),
            spec=VirtualServiceSpec(
                hosts=(host,),
                # All of these Gateways have every host, so the oldest Ingress's will do.
                gateways=(f"{NAMESPACE}/{gateway_name(ingress)}",),
                http=tuple(sorted(routes[host], key=_precedence)),
            ),
        )
        rules[rule_object.ref] = rule_object
    return FrozenMap(rules)


@query
def ingress_rule(db: Engine, ref: Ref) -> VirtualService | None:
    """One of them."""
    return ingress_rules(db).get(ref) if MARK in ref.name else None


@query
def ingress_rules_of(db: Engine, gateway: str) -> tuple[Ref, ...]:
    """Those of a Gateway (`namespace/name`)."""
    if MARK not in gateway:
        return ()
    return tuple(ref for ref, rule in ingress_rules(db).items() if gateway in rule.spec.gateways)


def _precedence(route: HTTPRoute) -> tuple[int, bool]:
    """Longer paths first, of equal ones an exact path before a prefix (Ingress, "Multiple matches")."""
    uri = route.match[0].uri if route.match else None
    if uri is None:
        return (0, True)
    text = uri.exact if uri.exact is not None else uri.prefix or ""
    return (-len(text), uri.exact is None)


def _route(db: Engine, ingress: Ingress, path: HTTPIngressPath, field: str) -> HTTPRoute | None:
    destination = _destination(db, ingress, path.backend, field)
    if destination is None:
        return None
    uri = _uri(path)
    match = (HTTPMatchRequest(uri=uri),) if uri is not None else ()
    return HTTPRoute(match=match, route=(HTTPRouteDestination(destination=destination, weight=100),))


def _uri(path: HTTPIngressPath) -> StringMatch | None:
    if path.path_type == "Exact":
        return StringMatch(exact=path.path)
    if path.path_type == "Prefix":
        return StringMatch(prefix=path.path)
    # What ImplementationSpecific paths mean to Istio: exact, unless they end with a wildcard.
    for ending in (".*", "/*"):
        if path.path.endswith(ending):
            return StringMatch(prefix=path.path.removesuffix(ending))
    return StringMatch(exact=path.path) if path.path else None


def _destination(db: Engine, ingress: Ingress, backend: IngressBackend, field: str) -> Destination | None:
    if backend.service is None:
        _report(db, ingress, f"{field}.backend", "the path has no service behind it", "name a service")
        return None
    name, port = backend.service.name, backend.service.port
    number = port.number
    if not number:
        service = inputs.service(db, Ref("Service", ingress.namespace, name))
        ports = service.spec.ports if service is not None else ()
        number = next((p.port for p in ports if p.name == port.name), 0)
        if not number:
            place = f"{field}.backend.service.port"
            _report(db, ingress, place, f"Service {name} has no port {port.name!r}", "name one of its ports")
            return None
    host = f"{name}.{ingress.namespace}.svc.{domain(db)}"
    return Destination(host=host, port=PortSelector(number=number))


def _report(db: Engine, ingress: Ingress, field: str, message: str, hint: str) -> None:
    db.report(
        Diagnostic(
            severity=Severity.WARNING,
            code="ingress-path-ignored",
            ref=ingress.ref,
            field=field,
            message=f"the path is left out: {message}",
            hint=hint,
        )
    )
