# SPDX-License-Identifier: Apache-2.0
"""envoy.extensions.filters.http.fault.v3.HTTPFault: requests that are aborted or delayed on purpose."""

from __future__ import annotations

from typing import Any as Message

from msgspec import Struct

from lateen.explain.fraction import Fraction, fraction
from lateen.explain.header_match import header_condition, integer
from lateen.explain.http_view import HttpView

_NODE = "x-envoy-downstream-service-node"
_ABORT, _ABORT_GRPC, _ABORT_SHARE = (
    "x-envoy-fault-abort-request",
    "x-envoy-fault-abort-grpc-request",
    "x-envoy-fault-abort-request-percentage",
)
_DELAY, _DELAY_SHARE = "x-envoy-fault-delay-request", "x-envoy-fault-delay-request-percentage"


class Fault(Struct, frozen=True):
    """What is done to a part (0 to 1) of the requests: an abort with `status` or `grpc_status`, a delay in seconds."""

    abort_share: float = 0.0
    status: int = 0
    grpc_status: int | None = None
    delay_share: float = 0.0
    delay: float = 0.0


def fault_of(config: Message, view: HttpView, cluster: str) -> Fault:
    """The fault for a request whose route leads to `cluster`. Shares say how often; which ones, chance decides."""
    if config.upstream_cluster and config.upstream_cluster != cluster:
        return Fault()
    if not all(header_condition(h).matches(view) for h in config.headers):
        return Fault()
    if config.downstream_nodes and view.header(_NODE) not in config.downstream_nodes:
        return Fault()
    abort_share, status, grpc_status = _abort(config.abort, view) if config.HasField("abort") else (0.0, 0, None)
    delay_share, delay = _delay(config.delay, view) if config.HasField("delay") else (0.0, 0.0)
    return Fault(abort_share, status, grpc_status, delay_share, delay)


def _abort(abort: Message, view: HttpView) -> tuple[float, int, int | None]:
    share = fraction(abort.percentage)
    match abort.WhichOneof("error_type"):
        case "http_status":
            return share.share, abort.http_status, None
        case "grpc_status":
            return share.share, 200, abort.grpc_status
        case "header_abort":
            share = _header_share(share, view.header(_ABORT_SHARE))
            status, grpc = integer(view.header(_ABORT) or ""), integer(view.header(_ABORT_GRPC) or "")
            if status is not None and 200 <= status < 600:
                return share.share, status, None
            if grpc is not None and grpc >= 0:
                return share.share, 200, grpc
    return 0.0, 0, None


def _delay(delay: Message, view: HttpView) -> tuple[float, float]:
    share = fraction(delay.percentage)
    match delay.WhichOneof("fault_delay_secifier"):
        case "fixed_delay":
            return share.share, delay.fixed_delay.ToTimedelta().total_seconds()
        case "header_delay":
            share = _header_share(share, view.header(_DELAY_SHARE))
            milliseconds = integer(view.header(_DELAY) or "")
            return (share.share, milliseconds / 1000) if milliseconds is not None and milliseconds > 0 else (0.0, 0.0)
    return 0.0, 0.0


def _header_share(configured: Fraction, header: str | None) -> Fraction:
    """A header can lower the configured share, never raise it."""
    asked = integer(header or "")
    if asked is None or asked < 0:
        return configured
    return Fraction(min(asked, configured.numerator), configured.denominator)
