# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from lateen.envoy.route_table import delivered_table, inline_table, virtual_host_of, virtual_host_resource
from lateen.envoy.virtual_host import catch_all_route, virtual_host


@pytest.mark.parametrize(
    ("table", "name", "resource"),
    [
        ("80", "a.com:80", "80/a.com:80"),
        ("http.8080", "shop/a.com:80", "http.8080/shop%2Fa.com:80"),
        ("unix:///run/a.sock", "a:80", "unix:///run/a.sock/a:80"),
        ("80", "50%/2F:80", "80/50%25%2F2F:80"),
    ],
)
def test_the_last_slash_of_a_resource_ends_the_table(table: str, name: str, resource: str) -> None:
    assert virtual_host_resource(table, name) == resource
    assert resource.rpartition("/")[0] == table
    assert virtual_host_of(resource) == name


def test_an_inline_table_has_istios_names_and_the_catch_all_last() -> None:
    hosts = [
        virtual_host("80/allow_any", ["*"], [catch_all_route("allow_any", "PassthroughCluster")]),
        virtual_host("80/b:80", ["b"], []),
        virtual_host("80/a:80", ["a"], []),
    ]
    table = inline_table("80", hosts)
    assert [host.name for host in table.virtual_hosts] == ["a:80", "b:80", "allow_any"]
    assert not table.HasField("vhds")


def test_a_delivered_table_waits_for_its_hosts_without_a_limit() -> None:
    table = delivered_table("80")
    assert table.vhds.config_source.HasField("ads")
    assert table.vhds.config_source.HasField("initial_fetch_timeout")
    assert table.vhds.config_source.initial_fetch_timeout.ToNanoseconds() == 0
    assert table.ignore_port_in_host_matching
    assert not table.validate_clusters.value
