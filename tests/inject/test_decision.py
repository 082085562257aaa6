# SPDX-License-Identifier: Apache-2.0
"""Which pods get a sidecar: the table of Istio's documentation, "Controlling the injection policy"."""

from __future__ import annotations

import pytest

from lateen.inject import Settings, inject_pod
from lateen.inject.annotation import INJECT
from tests.inject.pods import ENABLED, pod

CANARY = Settings(revision="canary")


@pytest.mark.parametrize(
    ("namespace", "labels", "expected"),
    [
        ({"istio-injection": "enabled"}, {}, True),
        ({"istio-injection": "enabled"}, {INJECT: "true"}, True),
        ({"istio-injection": "enabled"}, {INJECT: "false"}, False),
        ({"istio-injection": "disabled"}, {}, False),
        ({"istio-injection": "disabled"}, {INJECT: "true"}, False),
        ({}, {}, False),
        ({}, {INJECT: "true"}, True),
        ({}, {INJECT: "false"}, False),
        ({}, {"istio.io/rev": "default"}, True),
        ({}, {"istio.io/rev": "canary"}, False),
        ({}, {"istio.io/rev": "canary", INJECT: "true"}, False),
        ({"istio.io/rev": "default"}, {}, True),
        ({"istio.io/rev": "canary"}, {}, False),
        ({"istio.io/rev": "canary"}, {INJECT: "true"}, False),
        ({"istio.io/rev": "canary", "istio-injection": "enabled"}, {}, True),
    ],
)
def test_labels(namespace: dict[str, str], labels: dict[str, str], expected: bool) -> None:
    assert (inject_pod(pod(labels=labels), namespace, Settings()) is not None) is expected


@pytest.mark.parametrize(
    ("namespace", "labels", "expected"),
    [
        ({"istio.io/rev": "canary"}, {}, True),
        ({"istio.io/rev": "default"}, {}, False),
        ({"istio-injection": "enabled"}, {}, False),
        ({}, {"istio.io/rev": "canary"}, True),
        ({}, {INJECT: "true"}, False),
        ({"istio.io/rev": "canary"}, {INJECT: "false"}, False),
    ],
)
def test_a_revision_takes_its_own(namespace: dict[str, str], labels: dict[str, str], expected: bool) -> None:
    assert (inject_pod(pod(labels=labels), namespace, CANARY) is not None) is expected


def test_the_annotation_can_only_refuse() -> None:
    assert inject_pod(pod({INJECT: "false"}), ENABLED, Settings()) is None
    assert inject_pod(pod({INJECT: "No"}), ENABLED, Settings()) is None
    assert inject_pod(pod({INJECT: "Yes"}), ENABLED, Settings()) is not None
    assert inject_pod(pod({INJECT: "true"}), {}, Settings()) is None


def test_the_label_goes_before_the_annotation() -> None:
    assert inject_pod(pod({INJECT: "false"}, {INJECT: "true"}), {}, Settings()) is not None


def test_the_host_network_and_the_namespaces_of_kubernetes() -> None:
    assert inject_pod(pod(hostNetwork=True), ENABLED, Settings()) is None
    assert inject_pod(pod(hostNetwork=False), ENABLED, Settings()) is not None
    assert inject_pod(pod(namespace="kube-system"), ENABLED, Settings()) is None
