# SPDX-License-Identifier: Apache-2.0
"""Routing: VirtualServices and services become Envoy's route tables.

    VirtualService ─ short_names, delegate ─► virtual_service.complete
                                                    │ source_match: which rules can apply for a client
                                                    ▼
    destinations ─ targets, hash_key ─► rule_routes.resolve_rule ─► rule_routes.translate_rule (http_routes, pure)
                                                    │
    services, hosts of rules ─ table_plan ─► sidecar_tables: route tables and virtual hosts of sidecars

Routes for any listener, a gateway's included, are made in two steps, both inside a query:

    client = RouteClient(namespace, port, gateways=("istio-system/ingress",))   # ("mesh",) for sidecars
    directions = Directions(scope, port)                                        # listener=index for sidecars
    resolved = resolve_rule(db, virtual_service_ref, client, directions, tls=False)
    routes = translate_rule(db, resolved) if resolved is not None else ()

`port` is the listener's port of a sidecar, or the number of the Gateway's server. Gateway names are `namespace/name`.
`resolve_rule` is cheap and is asked per client; `translate_rule` builds the messages and belongs in a query whose
arguments hold the resolved rule, so that clients for whom a rule comes to the same share it. `is_catch_all` of
`lateen.envoy.route_match` tells which routes go last where several rules of one host are joined, and
`virtual_service.complete` gives tcp and tls routes with their names completed.
"""
