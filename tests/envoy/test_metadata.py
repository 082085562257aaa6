# SPDX-License-Identifier: Apache-2.0
"""Istio's metadata on resources."""

from __future__ import annotations

import pytest

from lateen.envoy.metadata import config_path, metadata
from lateen.model.ref import Ref


@pytest.mark.parametrize(
    ("kind", "path"), [("DestinationRule", "destination-rule"), ("Gateway", "gateway"), ("HTTPRoute", "httproute")]
)
def test_where_an_object_is(kind: str, path: str) -> None:
    ref = Ref(kind, "ns", "name", "networking.istio.io")
    assert config_path(ref) == f"/apis/networking.istio.io/v1/namespaces/ns/{path}/name"


def test_what_is_not_said_is_left_out() -> None:
    assert not metadata(config=None, subset="", services=[]).filter_metadata
    assert dict(metadata(external=False, subset="v1").filter_metadata["istio"]) == {"external": False, "subset": "v1"}
