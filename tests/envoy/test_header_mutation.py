# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from envoy.config.route.v3.route_components_pb2 import Route

from lateen.envoy.header_mutation import header_mutation
from lateen.model.message import FrozenMap
from lateen.model.networking.destination import HeaderOperations, Headers


def test_set_comes_before_add_each_by_name() -> None:
    headers = Headers(
        request=HeaderOperations(
            set=FrozenMap({"x-b": "1", "x-a": "2"}), add=FrozenMap({"x-c": "3"}), remove=("x-d", "x-c")
        ),
        response=HeaderOperations(remove=("server",)),
    )
    route = Route()
    header_mutation(headers).apply(route)
    added = [(o.header.key, o.header.value, o.append_action) for o in route.request_headers_to_add]
    assert added == [("x-a", "2", 2), ("x-b", "1", 2), ("x-c", "3", 0)]
    assert list(route.request_headers_to_remove) == ["x-d", "x-c"]
    assert list(route.response_headers_to_remove) == ["server"]


@pytest.mark.parametrize("name", ["host", "Host", ":authority", ":Authority"])
def test_the_host_is_rewritten_and_not_set(name: str) -> None:
    mutation = header_mutation(Headers(request=HeaderOperations(set=FrozenMap({name: "a.internal"}))))
    assert mutation.authority == "a.internal"
    assert not mutation.request_add


def test_set_counts_before_add_for_the_host_and_other_pseudo_headers_are_left_out() -> None:
    operations = HeaderOperations(
        set=FrozenMap({":path": "/", "host": "set"}), add=FrozenMap({"host": "add"}), remove=(":method", "Host", "x")
    )
    mutation = header_mutation(Headers(request=operations))
    assert (mutation.authority, mutation.request_add, mutation.request_remove) == ("set", (), ("x",))


def test_nothing_said_changes_nothing() -> None:
    route = Route()
    header_mutation(None).apply(route)
    header_mutation(Headers()).apply(route)
    assert route == Route()
