# SPDX-License-Identifier: Apache-2.0
"""VirtualService `fault` as the route's configuration of Envoy's fault filter."""

from __future__ import annotations

from typing import Final

from envoy.extensions.filters.common.fault.v3.fault_pb2 import FaultDelay
from envoy.extensions.filters.http.fault.v3.fault_pb2 import FaultAbort, HTTPFault

from lateen.envoy.duration import duration_message
from lateen.envoy.percent import fraction, whole_percent
from lateen.model.networking.grpc_status import GRPC_STATUS
from lateen.model.networking.http_policy import Abort, Delay, HTTPFaultInjection

FAULT_FILTER: Final = "envoy.filters.http.fault"


def http_fault(fault: HTTPFaultInjection) -> HTTPFault:
    """The faults; those that Envoy does not know (an exponential delay, an HTTP/2 error) or that say no type are left
    out, so the message may be empty."""
    message = HTTPFault()
    if fault.delay is not None and fault.delay.fixed_delay is not None:
        message.delay.CopyFrom(_delay(fault.delay))
    if fault.abort is not None and (abort := _abort(fault.abort)) is not None:
        message.abort.CopyFrom(abort)
    return message


def _delay(delay: Delay) -> FaultDelay:
    share = fraction(delay.percentage) if delay.percentage is not None else whole_percent(delay.percent)
    return FaultDelay(fixed_delay=duration_message(delay.fixed_delay or 0), percentage=share)


def _abort(abort: Abort) -> FaultAbort | None:
    if abort.http_status is not None:
        message = FaultAbort(http_status=abort.http_status)
    elif abort.grpc_status is not None:
        message = FaultAbort(grpc_status=GRPC_STATUS.get(abort.grpc_status, 0))
    else:
        return None
    if abort.percentage is not None:
        message.percentage.CopyFrom(fraction(abort.percentage))
    return message
