# SPDX-License-Identifier: Apache-2.0
"""How the levels of a DestinationRule are put together."""

from __future__ import annotations

from lateen.compile.traffic_policy.destination_rule import MergedRule
from lateen.compile.traffic_policy.effective_policy import NOTHING, effective_policy, endpoint_tls_mode
from lateen.model.networking.client_tls import ClientTLSMode, ClientTLSSettings
from lateen.model.networking.connection_pool import ConnectionPoolSettings, TCPSettings
from lateen.model.networking.destination_rule import Subset
from lateen.model.networking.load_balancer import LoadBalancerSettings, SimpleLB
from lateen.model.networking.outlier_detection import OutlierDetection
from lateen.model.networking.port import PortSelector
from lateen.model.networking.traffic_policy import PortTrafficPolicy, ProxyProtocol, RetryBudget, TrafficPolicy
from lateen.model.ref import Ref

RANDOM = LoadBalancerSettings(simple=SimpleLB.RANDOM)
ROUND_ROBIN = LoadBalancerSettings(simple=SimpleLB.ROUND_ROBIN)
POOL = ConnectionPoolSettings(tcp=TCPSettings(max_connections=1))
OUTLIER = OutlierDetection(max_ejection_percent=7)
DISABLE = ClientTLSSettings(mode=ClientTLSMode.DISABLE)
MUTUAL = ClientTLSSettings(mode=ClientTLSMode.ISTIO_MUTUAL)


def of(policy: TrafficPolicy | None, subset: TrafficPolicy | None = None) -> MergedRule:
    ref = Ref("DestinationRule", "default", "rule", "networking.istio.io")
    return MergedRule(ref=ref, traffic_policy=policy, subsets=(Subset(name="v1", traffic_policy=subset),))


def on_port(number: int, **policy: object) -> PortTrafficPolicy:
    return PortTrafficPolicy(port=PortSelector(number=number), **policy)  # type: ignore[arg-type]


def test_no_rule_says_nothing() -> None:
    assert effective_policy(None, 80) is NOTHING
    assert effective_policy(of(None), 80, "v1") == NOTHING


def test_settings_for_a_port_replace_the_rule_as_a_whole() -> None:
    whole = TrafficPolicy(
        load_balancer=RANDOM,
        outlier_detection=OUTLIER,
        retry_budget=RetryBudget(),
        proxy_protocol=ProxyProtocol(),
        port_level_settings=(on_port(80, connection_pool=POOL),),
    )
    policy = effective_policy(of(whole), 80)
    assert policy.connection_pool == POOL
    others = (policy.load_balancer, policy.outlier_detection, policy.retry_budget, policy.proxy_protocol)
    assert others == (None, None, None, None)
    assert effective_policy(of(whole), 81).load_balancer == RANDOM


def test_a_subset_overrides_field_by_field() -> None:
    whole = TrafficPolicy(load_balancer=RANDOM, outlier_detection=OUTLIER, retry_budget=RetryBudget())
    policy = effective_policy(of(whole, TrafficPolicy(load_balancer=ROUND_ROBIN)), 80, "v1")
    assert policy.load_balancer == ROUND_ROBIN
    assert policy.outlier_detection == OUTLIER
    assert policy.retry_budget == RetryBudget()
    assert effective_policy(of(whole), 80, "v1").load_balancer == RANDOM


def test_a_subsets_settings_for_a_port_inherit_only_what_whole_levels_have() -> None:
    whole = TrafficPolicy(load_balancer=RANDOM, outlier_detection=OUTLIER, proxy_protocol=ProxyProtocol(), tls=DISABLE)
    subset = TrafficPolicy(port_level_settings=(on_port(80, connection_pool=POOL),))
    policy = effective_policy(of(whole, subset), 80, "v1")
    assert policy.connection_pool == POOL
    assert (policy.load_balancer, policy.outlier_detection, policy.tls) == (None, None, None)
    assert policy.proxy_protocol == ProxyProtocol()


def test_a_subset_stands_on_the_settings_for_its_port() -> None:
    whole = TrafficPolicy(load_balancer=RANDOM, port_level_settings=(on_port(80, load_balancer=ROUND_ROBIN),))
    policy = effective_policy(of(whole, TrafficPolicy(outlier_detection=OUTLIER)), 80, "v1")
    assert policy.load_balancer == ROUND_ROBIN
    assert policy.outlier_detection == OUTLIER


def test_pass_through() -> None:
    said = TrafficPolicy(load_balancer=LoadBalancerSettings(simple=SimpleLB.PASSTHROUGH))
    assert effective_policy(of(said), 80).passes_through
    assert not effective_policy(of(said, TrafficPolicy(load_balancer=RANDOM)), 80, "v1").passes_through


def test_endpoints_inherit_tls_for_ports_but_not_for_subsets() -> None:
    whole = TrafficPolicy(tls=DISABLE, port_level_settings=(on_port(80, connection_pool=POOL), on_port(81, tls=MUTUAL)))
    assert endpoint_tls_mode(of(whole), 80) is ClientTLSMode.DISABLE
    assert endpoint_tls_mode(of(whole), 81) is ClientTLSMode.ISTIO_MUTUAL
    assert endpoint_tls_mode(of(whole), 82) is ClientTLSMode.DISABLE
    assert endpoint_tls_mode(of(whole, TrafficPolicy(load_balancer=RANDOM)), 80, "v1") is None
    assert endpoint_tls_mode(of(whole, TrafficPolicy(tls=MUTUAL)), 80, "v1") is ClientTLSMode.ISTIO_MUTUAL
    assert endpoint_tls_mode(None, 80) is None
