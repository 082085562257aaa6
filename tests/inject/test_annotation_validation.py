# SPDX-License-Identifier: Apache-2.0
"""Annotations that make no sense refuse the pod, and the Diagnostic says which and why."""

from __future__ import annotations

import pytest

from lateen.inject import Settings, annotation, review_pod
from lateen.inject.annotation_validation import check
from tests.inject.pods import ENABLED, pod


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (annotation.INTERCEPTION_MODE, "redirect", "interceptionMode invalid, use REDIRECT,TPROXY,NONE: redirect"),
        (annotation.INCLUDE_OUTBOUND_IP_RANGES, "bad", "includeIPRanges invalid: failed parsing cidr 'bad'"),
        (annotation.INCLUDE_OUTBOUND_IP_RANGES, "10.0.0.0/8,*", "includeIPRanges invalid: failed parsing cidr '*'"),
        (annotation.INCLUDE_OUTBOUND_IP_RANGES, "10.0.0.1", "failed parsing cidr '10.0.0.1'"),
        (annotation.EXCLUDE_OUTBOUND_IP_RANGES, "*", "excludeIPRanges invalid: failed parsing cidr '*'"),
        (annotation.EXCLUDE_OUTBOUND_IP_RANGES, "10.0.0.0/33", "failed parsing cidr '10.0.0.0/33'"),
        (annotation.EXCLUDE_OUTBOUND_IP_RANGES, "10.0.0.0/255.0.0.0", "failed parsing cidr"),
        (annotation.INCLUDE_INBOUND_PORTS, "bad", "includeInboundPorts invalid: failed parsing port 'bad'"),
        (annotation.EXCLUDE_INBOUND_PORTS, "*", "excludeInboundPorts invalid: failed parsing port '*'"),
        (annotation.EXCLUDE_OUTBOUND_PORTS, "80,65536", "excludeOutboundPorts invalid: failed parsing port '65536'"),
        (annotation.STATUS_PORT, "-1", "failed parsing port '-1'"),
        (annotation.READINESS_PERIOD, "1s", "must be a whole number"),
        (annotation.MERGE_PROMETHEUS, "yes", "must be true or false"),
        (annotation.PROXY_CONFIG, "concurrency: many", "concurrency: must be of type integer"),
        (annotation.PROXY_CONFIG, "{", "proxy.istio.io/config"),
        (annotation.USER_VOLUME, "[]", "must be a JSON object"),
        (annotation.USER_VOLUME_MOUNT, "{", "no JSON"),
        (annotation.OVERRIDES, '{"containers": 1}', "must be a JSON object with lists"),
        (annotation.TEMPLATES, "sidecar, mine", 'requested template "mine" not found; have gateway, sidecar'),
    ],
)
def test_refused(name: str, value: str, message: str) -> None:
    injection = review_pod(pod({name: value}), ENABLED, Settings())
    assert injection.document is None
    assert injection.is_refused
    (diagnostic,) = injection.diagnostics
    assert message in diagnostic.message
    assert diagnostic.field == f"metadata.annotations[{name}]"
    assert str(diagnostic.ref) == "Pod/default/web"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (annotation.INTERCEPTION_MODE, "TPROXY"),
        (annotation.INCLUDE_OUTBOUND_IP_RANGES, "*"),
        (annotation.INCLUDE_OUTBOUND_IP_RANGES, ""),
        (annotation.INCLUDE_OUTBOUND_IP_RANGES, "10.0.0.1/8,fd00::/8"),
        (annotation.INCLUDE_INBOUND_PORTS, "*"),
        (annotation.INCLUDE_INBOUND_PORTS, ""),
        (annotation.EXCLUDE_INBOUND_PORTS, " 80, 443 "),
        (annotation.STATUS_PORT, "0"),
    ],
)
def test_accepted(name: str, value: str) -> None:
    assert check({name: value}) == ()
    assert review_pod(pod({name: value}), ENABLED, Settings()).document is not None


def test_every_wrong_annotation_is_told() -> None:
    wrong = {annotation.STATUS_PORT: "x", annotation.INCLUDE_INBOUND_PORTS: "y"}
    assert len(review_pod(pod(wrong), ENABLED, Settings()).diagnostics) == 2
