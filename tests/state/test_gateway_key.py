# SPDX-License-Identifier: Apache-2.0
"""How a VirtualService names a gateway."""

from __future__ import annotations

import pytest

from lateen.state.index import gateway_key


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("mesh", "mesh"),
        ("shop", "default/shop"),
        ("other/shop", "other/shop"),
        ("./shop", "default/shop"),
        ("shop.other.svc.cluster.local", "other/shop"),
        ("shop.other", "other/shop"),
    ],
)
def test_names_of_gateways(written: str, meant: str) -> None:
    assert gateway_key(written, "default") == meant
