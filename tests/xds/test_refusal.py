# SPDX-License-Identifier: Apache-2.0
"""Which resources Envoy's words blame."""

from __future__ import annotations

import pytest

from lateen.xds.refusal import blamed, without_dump


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("Proto constraint validation failed (ClusterValidationError.Name: too short)", {}),
        ("Only unique values for domains are permitted. Duplicate entry of domain a in route 80", {}),
        ("Error adding/updating cluster(s) a: why", {"a": "why"}),
        ("Error adding/updating cluster(s) a: why, b: not, so", {"a": "why", "b": "not, so"}),
        ("Error adding/updating cluster(s) aa: about a", {"aa": "about a"}),
        ("Error adding/updating cluster(s) unknown: why", {}),
        (
            "Error adding/updating listener(s) 0.0.0.0_80: one\n[::]_80: two: three\n",
            {"0.0.0.0_80": "one", "[::]_80": "two: three"},
        ),
        ('Error adding/updating cluster(s) a: goo.gle/debugproto \nname: "a"\n: why', {"a": "why"}),
        ("Error adding/updating cluster(s) outbound|80||x.y: why", {"outbound|80||x.y": "why"}),
    ],
)
def test_blamed(reason: str, expected: dict[str, str]) -> None:
    assert blamed(reason, ["a", "aa", "b", "0.0.0.0_80", "[::]_80", "outbound|80||x.y"]) == expected


def test_without_dump() -> None:
    assert without_dump('goo.gle/debugonly \nname: "a"\nx {\n}\n: why: because') == "why: because"
    assert without_dump("why: because") == "why: because"
