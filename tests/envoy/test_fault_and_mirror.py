# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from envoy.extensions.filters.http.fault.v3.fault_pb2 import HTTPFault

from lateen.envoy.fault import http_fault
from lateen.envoy.mirror import mirror_share, policy_share
from lateen.model.duration import seconds
from lateen.model.networking.http_policy import Abort, Delay, HTTPFaultInjection, HTTPMirrorPolicy, Percent
from lateen.model.networking.http_route import HTTPRoute

MILLION = 2


def test_a_delay_without_a_share_holds_nobody() -> None:
    fault = http_fault(HTTPFaultInjection(delay=Delay(fixed_delay=seconds(2))))
    assert fault.delay.fixed_delay.seconds == 2
    assert (fault.delay.percentage.numerator, fault.delay.percentage.denominator) == (0, 0)


def test_an_abort_without_a_share_ends_everybody() -> None:
    fault = http_fault(HTTPFaultInjection(abort=Abort(http_status=503)))
    assert fault.abort.http_status == 503
    assert not fault.abort.HasField("percentage")


def test_parts_finer_than_a_millionth_are_cut_off() -> None:
    fault = http_fault(HTTPFaultInjection(abort=Abort(grpc_status="UNAVAILABLE", percentage=Percent(value=0.12345))))
    assert fault.abort.grpc_status == 14
    assert (fault.abort.percentage.numerator, fault.abort.percentage.denominator) == (1234, MILLION)


@pytest.mark.parametrize(
    "fault",
    [
        HTTPFaultInjection(abort=Abort(percentage=Percent(value=5))),
        HTTPFaultInjection(abort=Abort(http2_error="X")),
        HTTPFaultInjection(delay=Delay(exponential_delay=seconds(1), percent=5)),
        HTTPFaultInjection(),
    ],
)
def test_faults_without_a_type_that_envoy_knows_are_empty(fault: HTTPFaultInjection) -> None:
    assert http_fault(fault) == HTTPFault()


@pytest.mark.parametrize(
    ("route", "share"),
    [
        (HTTPRoute(), (100, 0)),
        (HTTPRoute(mirror_percent=30), (30, 0)),
        (HTTPRoute(mirror_percent=0), None),
        (HTTPRoute(mirror_percentage=Percent(value=0.5)), (5000, MILLION)),
        (HTTPRoute(mirror_percentage=Percent(value=0), mirror_percent=30), None),
    ],
)
def test_the_share_of_a_mirror(route: HTTPRoute, share: tuple[int, int] | None) -> None:
    found = mirror_share(route)
    assert (found and (found.numerator, found.denominator)) == share


def test_the_share_of_one_of_several_mirrors() -> None:
    whole, none = policy_share(HTTPMirrorPolicy()), policy_share(HTTPMirrorPolicy(percentage=Percent(value=0)))
    assert whole is not None
    assert whole.numerator == 100
    assert none is None
