# SPDX-License-Identifier: Apache-2.0
"""Gateways: what the proxies at the edge of the mesh listen for, and where their requests go.

Gateways ─ selection ─► merge (ports, conflicts) ─► listeners ─ http_chain, tcp_chain, tls_chain, auto_passthrough
                            │
VirtualServices ─ rules ────┴─► host_plan ─► virtual_hosts, one resource each
Ingress ─ compile.ingress ─► Gateways and VirtualServices of its own
"""
