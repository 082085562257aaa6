# SPDX-License-Identifier: Apache-2.0
"""The keys of labels that rules ask proxies for. They are worked out here, before the engine, because every proxy
depends on them and hardly any edit of a rule changes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from lateen.incremental.engine import Input
from lateen.model.networking.destination_rule import DestinationRule
from lateen.model.networking.load_balancer import LocalityLoadBalancerSetting
from lateen.model.networking.virtual_service import VirtualService
from lateen.model.resource import Resource
from lateen.state import inputs

LabelKey: TypeAlias = tuple[Input[Any, frozenset[str]], Any, str]
"""An input, the key of one of its buckets, and a member of the bucket."""


def label_keys(resource: Resource) -> set[LabelKey]:
    """The keys of labels that an object asks for, each with the bucket that it belongs in."""
    if isinstance(resource, VirtualService):
        return set(_of_virtual_service(resource))
    if isinstance(resource, DestinationRule):
        return set(_of_destination_rule(resource))
    return set()


def compared_keys(setting: LocalityLoadBalancerSetting | None) -> Iterator[str]:
    """The keys of labels that failoverPriority names; `key=value` is the key with a value to compare with."""
    for label in setting.failover_priority if setting is not None else ():
        yield label.partition("=")[0]


def _of_virtual_service(rule: VirtualService) -> Iterator[LabelKey]:
    owner = rule.namespace if rule.spec.hosts else ""
    for http in rule.spec.http:
        for match in http.match:
            yield from ((inputs.source_labels, owner, key) for key in match.source_labels)
    for tcp in rule.spec.tcp:
        for l4 in tcp.match:
            yield from ((inputs.source_labels, owner, key) for key in l4.source_labels)
    for tls in rule.spec.tls:
        for sni in tls.match:
            yield from ((inputs.source_labels, owner, key) for key in sni.source_labels)


def _of_destination_rule(rule: DestinationRule) -> Iterator[LabelKey]:
    spec = rule.spec
    if spec.workload_selector is not None:
        yield from ((inputs.selector_labels, rule.namespace, key) for key in spec.workload_selector.match_labels)
    for policy in (spec.traffic_policy, *(subset.traffic_policy for subset in spec.subsets)):
        if policy is not None:
            for balancer in (policy.load_balancer, *(port.load_balancer for port in policy.port_level_settings)):
                setting = balancer.locality_lb_setting if balancer is not None else None
                yield from ((inputs.compared_labels, None, key) for key in compared_keys(setting))
