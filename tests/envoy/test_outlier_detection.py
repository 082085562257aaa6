# SPDX-License-Identifier: Apache-2.0
"""Outlier detection in Envoy's terms."""

from __future__ import annotations

from google.protobuf.json_format import MessageToDict

from lateen.envoy.outlier_detection import error_matcher, outlier_detection
from lateen.model.duration import seconds
from lateen.model.networking.outlier_detection import OutlierDetection


def test_nothing_said_keeps_envoys_defaults_but_no_success_rates() -> None:
    assert MessageToDict(outlier_detection(OutlierDetection(consecutive_errors=3))) == {"enforcingSuccessRate": 0}


def test_every_field() -> None:
    policy = OutlierDetection(
        consecutive_5xx_errors=6,
        consecutive_gateway_errors=0,
        split_external_local_origin_errors=True,
        consecutive_local_origin_failures=4,
        interval=seconds(15),
        base_ejection_time=seconds(120),
        max_ejection_percent=40,
    )
    assert MessageToDict(outlier_detection(policy)) == {
        "consecutive5xx": 6,
        "enforcingConsecutive5xx": 100,
        "consecutiveGatewayFailure": 0,
        "enforcingConsecutiveGatewayFailure": 0,
        "splitExternalLocalOriginErrors": True,
        "consecutiveLocalOriginFailure": 4,
        "enforcingConsecutiveLocalOriginFailure": 100,
        "enforcingLocalOriginSuccessRate": 0,
        "enforcingSuccessRate": 0,
        "interval": "15s",
        "baseEjectionTime": "120s",
        "maxEjectionPercent": 40,
    }


def test_local_failures_count_only_when_split() -> None:
    found = MessageToDict(outlier_detection(OutlierDetection(consecutive_local_origin_failures=4)))
    assert found == {"enforcingSuccessRate": 0}


def test_status_codes_that_count_as_errors() -> None:
    def status(code: str) -> dict[str, object]:
        return {"httpResponseHeadersMatch": {"headers": [{"name": ":status", "stringMatch": {"exact": code}}]}}

    assert MessageToDict(error_matcher((429,))) == status("429")
    assert MessageToDict(error_matcher((404, 503))) == {"orMatch": {"rules": [status("404"), status("503")]}}
