# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from lateen.compile.routing.source_match import RouteClient, http_match_applies, l4_match_applies
from lateen.model.message import FrozenMap
from lateen.model.networking.http_match import HTTPMatchRequest
from lateen.model.networking.l4_route import L4MatchAttributes, TLSMatchAttributes

CLIENT = RouteClient("plaza", 80, labels=(("app", "web"), ("tier", "front")))
GATEWAY = RouteClient("istio-system", 80, gateways=("plaza/front",))


@pytest.mark.parametrize(
    ("match", "applies"),
    [
        ({}, True),
        ({"port": 80}, True),
        ({"port": 8080}, False),
        ({"source_namespace": "plaza"}, True),
        ({"source_namespace": "market"}, False),
        ({"source_labels": FrozenMap({"app": "web"})}, True),
        ({"source_labels": FrozenMap({"app": "web", "v": "1"})}, False),
        ({"gateways": ("mesh",)}, True),
        ({"gateways": ("plaza/front",)}, False),
    ],
)
def test_one_condition(match: dict[str, object], applies: bool) -> None:
    assert http_match_applies(HTTPMatchRequest(**match), CLIENT) is applies  # type: ignore[arg-type]
    assert l4_match_applies(L4MatchAttributes(**match), CLIENT) is applies  # type: ignore[arg-type]
    assert l4_match_applies(TLSMatchAttributes(**match), CLIENT) is applies  # type: ignore[arg-type]


def test_gateways_silence_the_source_in_http_and_join_it_elsewhere() -> None:
    http = HTTPMatchRequest(gateways=("mesh",), source_namespace="market")
    tcp = L4MatchAttributes(gateways=("mesh",), source_namespace="market")
    assert http_match_applies(http, CLIENT)
    assert not l4_match_applies(tcp, CLIENT)


def test_a_gateway_is_meant_by_its_name() -> None:
    assert http_match_applies(HTTPMatchRequest(gateways=("mesh", "plaza/front")), GATEWAY)
    assert not http_match_applies(HTTPMatchRequest(gateways=("mesh",)), GATEWAY)
