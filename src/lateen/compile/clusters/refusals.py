# SPDX-License-Identifier: Apache-2.0
"""What the API admits but Envoy refuses in a cluster. A refused cluster would take the whole update with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from lateen.compile.traffic_policy.destination_rule import MergedRule
from lateen.compile.traffic_policy.effective_policy import EffectivePolicy
from lateen.incremental.engine import Engine
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.duration import MILLISECOND
from lateen.model.networking.connection_pool import ConnectionPoolSettings
from lateen.model.ref import Ref

CODE = "envoy-refuses"
_KEEP_ALIVE = "connectionPool.http.http2KeepAlive"
_CONNECT_TIMEOUT = "connectionPool.tcp.connectTimeout"
RING_LIMIT = 8 * 1024 * 1024
SERVER_NAME_LIMIT = 255


class Refusal(NamedTuple):
    """A field (below a trafficPolicy) that Envoy refuses, why, and what to do."""

    field: str
    message: str
    hint: str


def refusals(policy: EffectivePolicy, server_name: str) -> Iterator[Refusal]:
    """What Envoy would refuse of a policy, for a cluster whose TLS asks for `server_name`."""
    balancing = policy.load_balancer.consistent_hash if policy.load_balancer is not None else None
    if balancing is not None:
        size = balancing.ring_hash.minimum_ring_size if balancing.ring_hash is not None else balancing.minimum_ring_size
        if size > RING_LIMIT and balancing.maglev is None:
            message = f"a ring of {size} points is more than Envoy takes"
            yield Refusal("loadBalancer.consistentHash", message, f"set minimumRingSize to at most {RING_LIMIT}")
        if balancing.maglev is not None and balancing.maglev.table_size == 1:
            # It would not refuse it: it would crash.
            yield Refusal("loadBalancer.consistentHash.maglev.tableSize", "Envoy needs at least 2", "use 65537")
    yield from _of_pool(policy.connection_pool)
    asked = policy.tls.sni if policy.tls is not None and policy.tls.sni else server_name
    if len(asked.encode()) > SERVER_NAME_LIMIT:
        message = f"the server name for TLS is longer than {SERVER_NAME_LIMIT} characters"
        yield Refusal("tls.sni", message, "give a shorter sni")


def _of_pool(pool: ConnectionPoolSettings | None) -> Iterator[Refusal]:
    http = pool.http if pool is not None else None
    if http is not None and http.http2_keep_alive is not None and http.http2_keep_alive.timeout is None:
        message = "keepalive of HTTP/2 connections has no timeout"
        yield Refusal(_KEEP_ALIVE, message, "add timeout, such as 5s")
    tcp = pool.tcp if pool is not None else None
    if tcp is not None and tcp.connect_timeout is not None and tcp.connect_timeout < MILLISECOND:
        yield Refusal(_CONNECT_TIMEOUT, "no connection can be made in no time", "use at least 1ms")


def accepted_pool(db: Engine, pool: ConnectionPoolSettings | None, source: Ref | None) -> ConnectionPoolSettings | None:
    """`pool` without what Envoy would refuse, which is reported; for clusters that cannot be left out."""
    refused = list(_of_pool(pool))
    if pool is None or not refused:
        return pool
    for refusal in refused:
        db.report(
            Diagnostic(
                severity=Severity.ERROR,
                code=CODE,
                message=f"{refusal.message}; the setting is left out",
                hint=refusal.hint,
                ref=source,
                field=refusal.field,
            )
        )
    fields = {refusal.field for refusal in refused}
    http, tcp = pool.http, pool.tcp
    if http is not None and _KEEP_ALIVE in fields:
        http = msgspec.structs.replace(http, http2_keep_alive=None)
    if tcp is not None and _CONNECT_TIMEOUT in fields:
        tcp = msgspec.structs.replace(tcp, connect_timeout=None)
    return msgspec.structs.replace(pool, http=http, tcp=tcp)


def report_refusals(db: Engine, policy: EffectivePolicy, rule: MergedRule | None, server_name: str) -> bool:
    """Report what Envoy would refuse; whether there is anything."""
    found = list(refusals(policy, server_name))
    for refusal in found:
        db.report(
            Diagnostic(
                severity=Severity.ERROR,
                code=CODE,
                message=f"{refusal.message}; clusters with this policy are left out",
                hint=refusal.hint,
                ref=rule.ref if rule is not None else None,
                field=refusal.field,
            )
        )
    return bool(found)


def report_without_effect(db: Engine, policy: EffectivePolicy, rule: MergedRule | None) -> None:
    """Report what is accepted and changes nothing."""
    if policy.load_balancer is None or policy.load_balancer.zone_aware_lb_setting is None:
        return
    db.report(
        Diagnostic(
            severity=Severity.WARNING,
            code="no-effect",
            message="zone-aware routing is not supported; the setting changes nothing",
            hint="use localityLbSetting",
            ref=rule.ref if rule is not None else None,
            field="loadBalancer.zoneAwareLbSetting",
        )
    )
