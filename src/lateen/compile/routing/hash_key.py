# SPDX-License-Identifier: Apache-2.0
"""What of a request decides its endpoint: the consistent hash of the DestinationRule that governs a destination."""

from __future__ import annotations

from lateen.compile.traffic_policy.destination_rule import MergedRule
from lateen.model.networking.destination import Destination
from lateen.model.networking.load_balancer import ConsistentHashLB
from lateen.model.networking.traffic_policy import PortTrafficPolicy, TrafficPolicy


def destination_hash_key(rule: MergedRule | None, destination: Destination) -> ConsistentHashLB | None:
    """The hash for a destination that a VirtualService names: of the subset's port, the subset, the rule's port, the
    rule, whichever speaks first. Settings of ports count only where the destination names its port."""
    if rule is None:
        return None
    port = destination.port.number if destination.port is not None else 0
    subset = rule.subset(destination.subset)
    of_subset = subset.traffic_policy if subset is not None else None
    candidates = [
        _of_port(of_subset, port),
        _of(of_subset),
        _of_port(rule.traffic_policy, port),
        _of(rule.traffic_policy),
    ]
    return next((found for found in candidates if found is not None), None)


def service_hash_key(rule: MergedRule | None, port: int) -> ConsistentHashLB | None:
    """The hash for the port of a service that no VirtualService governs."""
    if rule is None:
        return None
    found = _of_port(rule.traffic_policy, port)
    return found if found is not None else _of(rule.traffic_policy)


def _of(policy: TrafficPolicy | PortTrafficPolicy | None) -> ConsistentHashLB | None:
    return policy.load_balancer.consistent_hash if policy is not None and policy.load_balancer is not None else None


def _of_port(policy: TrafficPolicy | None, port: int) -> ConsistentHashLB | None:
    if policy is None or not port:
        return None
    settings = (s for s in policy.port_level_settings if s.port is not None and s.port.number == port)
    return _of(next(settings, None))
