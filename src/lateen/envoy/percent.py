# SPDX-License-Identifier: Apache-2.0
"""Shares of requests, as Envoy counts them."""

from envoy.config.core.v3.base_pb2 import RuntimeFractionalPercent
from envoy.type.v3.percent_pb2 import FractionalPercent

from lateen.model.networking.http_policy import Percent

ALL = FractionalPercent(numerator=100)


def fraction(percent: Percent) -> FractionalPercent:
    """A percentage in steps of a ten-thousandth of a percent; finer parts are cut off."""
    return FractionalPercent(numerator=int(percent.value * 10_000), denominator=FractionalPercent.MILLION)


def whole_percent(percent: int) -> FractionalPercent:
    """Whole percent."""
    return FractionalPercent(numerator=percent)


def runtime(share: FractionalPercent) -> RuntimeFractionalPercent:
    """`share` where Envoy would let its runtime change it."""
    return RuntimeFractionalPercent(default_value=share)
