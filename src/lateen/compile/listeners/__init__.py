# SPDX-License-Identifier: Apache-2.0
"""Listeners of sidecars, and the pieces of which gateways make theirs.

    outbound: services and Sidecar ──► outbound_plan (who shares a listener) ──► outbound_listener (chains) ──► Blob
    inbound:  services or ingress  ──► inbound_plan (ports and modes)        ──► inbound_listener (chains)  ──► Blob

`sidecar.sidecar_listeners` puts the layers of one proxy together. The plan reads names, ports and addresses only; rules
(`outbound_chains`, `tcp_route`) are read per listener, so that an edit of one costs one listener. What a listener is
does not depend on the proxy any more once it is `rendered`, so that all proxies share it.

For every kind of listener (`kind.ListenerKind`, gateways included):
- `connection_manager.connection_manager_settings(db, kind)`: what the mesh says of HTTP, for
  `envoy.http_connection_manager.http_connection_manager(settings, routes=…, http_filters=…)`;
- `logs`: access logs for connection managers, tcp_proxy and listeners;
- `tcp_route`: `rule_route` and `service_route` find the clusters and settings of connections for a `Client`,
  `tcp_route_filters` makes the network filters;
- `mutual_tls.mutual_tls_socket(db)`: the server's side of the mesh's TLS.

The order of filters is fixed in `envoy.http_filters` and `envoy.network_filters`, and nowhere else.
"""
