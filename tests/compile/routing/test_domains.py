# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from lateen.compile.routing.domains import service_domains, short_names, with_port

PLAZA = "plaza.svc.cluster.local"


@pytest.mark.parametrize(
    ("hostname", "short"),
    [
        ("catalog.plaza.svc.cluster.local", ("catalog", "catalog.plaza.svc", "catalog.plaza")),
        ("catalog.market.svc.cluster.local", ("catalog.market", "catalog.market.svc")),
        ("catalog.plaza.svc.other.domain", ()),
        ("www.example.com", ()),
        ("svc.cluster.local", ()),
    ],
)
def test_short_names_leave_out_what_the_client_shares(hostname: str, short: tuple[str, ...]) -> None:
    assert short_names(hostname, PLAZA) == short


def test_names_come_with_a_trailing_dot_and_addresses_without() -> None:
    found = service_domains(["www.example.com"], ["10.2.0.1", "fd00::1"], PLAZA)
    assert found.all == ("www.example.com", "www.example.com.", "10.2.0.1", "[fd00::1]")
    assert not found.short


def test_where_all_ports_meet_every_name_comes_with_its_port_too() -> None:
    found = service_domains(["a.plaza.svc.cluster.local"], ["fd00::1"], "market.svc.cluster.local", port=8080)
    assert found.all == (
        "a.plaza.svc.cluster.local",
        "a.plaza.svc.cluster.local:8080",
        "a.plaza.svc.cluster.local.",
        "a.plaza.svc.cluster.local.:8080",
        "a.plaza",
        "a.plaza:8080",
        "a.plaza.svc",
        "a.plaza.svc:8080",
        "[fd00::1]",
        "[fd00::1]:8080",
    )


def test_a_headless_service_answers_to_the_names_of_its_pods() -> None:
    found = service_domains(["db.market.svc.cluster.local"], [], PLAZA, any_pod=True)
    assert {"*.db.market.svc.cluster.local", "*.db.market", "*.db.market.svc"} <= set(found.all)


def test_an_ipv6_host_is_in_brackets_before_its_port() -> None:
    assert with_port("2001:db8::1", 80) == "[2001:db8::1]:80"
    assert with_port("a.example.com", 80) == "a.example.com:80"
