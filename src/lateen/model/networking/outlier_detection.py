# SPDX-License-Identifier: Apache-2.0
"""Endpoints that fail are left out for a while."""

from typing import Annotated

import msgspec

from lateen.model.message import Message
from lateen.model.schema import Int32, Interval, Number, UInt32


class OutlierDetection(Message, frozen=True, kw_only=True):
    """When an endpoint is ejected, and for how long."""

    consecutive_errors: Int32 = 0
    """Errors in a row. Replaced by the two that follow."""
    split_external_local_origin_errors: bool = False
    """Whether failures to connect are counted apart from errors that the server answers."""
    consecutive_local_origin_failures: UInt32 | None = None
    """Failures to connect in a row until ejection; 5 when left out. Needs the split."""
    consecutive_gateway_errors: UInt32 | None = None
    """Answers 502, 503, 504 (TCP: failures to connect) in a row until ejection; off when 0 or left out."""
    consecutive_5xx_errors: UInt32 | None = msgspec.field(default=None, name="consecutive5xxErrors")
    """Answers 5xx (TCP: failures to connect) in a row until ejection; 5 when left out, off when 0."""
    interval: Interval | None = None
    """Time between sweeps, at least 1ms; 10s when left out."""
    base_ejection_time: Interval | None = None
    """Shortest ejection, at least 1ms, multiplied by the number of ejections so far; 30s when left out."""
    max_ejection_percent: Int32 = 0
    """Most endpoints ejected at a time, in percent; 10 when 0."""
    min_health_percent: Int32 = 0
    """Percent of healthy endpoints below which ejection stops and all are used; off when 0."""
    outlier_detection_http_error_codes: tuple[Annotated[int, Number("uint32", 100, 599)], ...] = ()
    """HTTP status codes that count as errors, in place of 5xx."""
