# SPDX-License-Identifier: Apache-2.0
"""Istio's names, forth and back."""

from __future__ import annotations

import pytest

from lateen.envoy.names import ClusterName, inbound_cluster, outbound_cluster, outbound_server_name

HOST = "web.default.svc.cluster.local"


@pytest.mark.parametrize("subset", ["", "v1"])
def test_names_of_outbound_clusters(subset: str) -> None:
    expected = ClusterName(outbound=True, port=80, subset=subset, host=HOST)
    assert ClusterName.parse(outbound_cluster(80, subset, HOST)) == expected
    assert ClusterName.parse(outbound_server_name(80, subset, HOST)) == expected
    assert outbound_cluster(80, subset, HOST) == f"outbound|80|{subset}|{HOST}"
    assert outbound_server_name(80, subset, HOST) == f"outbound_.80_.{subset}_.{HOST}"


def test_names_of_inbound_clusters() -> None:
    assert ClusterName.parse(inbound_cluster(8080)) == ClusterName(outbound=False, port=8080, subset="", host="")


@pytest.mark.parametrize("name", ["", "BlackHoleCluster", "outbound|x||a.b", "outbound|80", "sideways|80||a.b"])
def test_other_names_have_no_parts(name: str) -> None:
    assert ClusterName.parse(name) is None
