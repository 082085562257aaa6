# SPDX-License-Identifier: Apache-2.0
"""Rules of config.istio.io/v1alpha2 as today's objects."""

from __future__ import annotations

from typing import Any

import yaml

from lateen.model.diagnostic import Severity
from lateen.model.networking.service_entry import Resolution
from lateen.parse import documents
from lateen.parse.convert import convert


def legacy(kind: str, spec: dict[str, Any], name: str = "rule") -> str:
    return yaml.safe_dump(
        {"apiVersion": "config.istio.io/v1alpha2", "kind": kind, "metadata": {"name": name}, "spec": spec}
    )


def load(*texts: str) -> list[Any]:
    result = documents("---\n".join(texts), "old.yaml", strict=True)
    assert {d.severity for d in result.diagnostics} == {Severity.WARNING}
    assert {d.code for d in result.diagnostics} == {"deprecated"}
    return [parsed.object for parsed in result.objects]


def test_a_route_rule_is_a_virtual_service_with_its_subsets() -> None:
    service, rule = load(
        legacy("RouteRule", {"destination": {"name": "web"}, "route": [{"labels": {"version": "v2"}}]})
    )
    assert service.spec.hosts == ("web",)
    assert service.spec.http[0].route[0].destination.subset == "v2"
    assert rule.spec.host == "web"
    assert [(subset.name, subset.labels) for subset in rule.spec.subsets] == [("v2", {"version": "v2"})]


def test_rules_for_one_destination_join_by_precedence() -> None:
    wide = legacy("RouteRule", {"destination": {"name": "web"}, "precedence": 1}, "wide")
    narrow = legacy(
        "RouteRule",
        {
            "destination": {"name": "web"},
            "precedence": 2,
            "match": {
                "source": {"labels": {"app": "shop"}},
                "request": {"headers": {"uri": {"prefix": "/new"}, "cookie": {"regex": ".*beta.*"}}},
            },
            "route": [{"labels": {"version": "v1"}, "weight": 90}, {"labels": {"version": "v2"}, "weight": 10}],
            "rewrite": {"uri": "/"},
            "httpReqTimeout": {"simpleTimeout": {"timeout": "10s"}},
            "httpReqRetries": {"simpleRetry": {"attempts": 3, "perTryTimeout": "2s"}},
            "httpFault": {"delay": {"percent": 5, "fixedDelay": "1s"}, "abort": {"percent": 1, "httpStatus": 503}},
            "mirror": {"name": "shadow"},
            "appendHeaders": {"x-from": "mesh"},
        },
        "narrow",
    )
    service, rule = load(wide, narrow)
    first, second = service.spec.http
    assert first.match[0].uri.prefix == "/new"
    assert first.match[0].headers["cookie"].regex == ".*beta.*"
    assert first.match[0].source_labels == {"app": "shop"}
    assert [route.weight for route in first.route] == [90, 10]
    assert first.retries.attempts == 3
    assert first.fault.delay.percentage.value == 5
    assert first.fault.abort.http_status == 503
    assert first.mirror.host == "shadow"
    assert first.headers.request.add == {"x-from": "mesh"}
    assert (second.match, second.route[0].destination.host) == ((), "web")
    assert len(rule.spec.subsets) == 2


def test_an_egress_rule_begins_tls_where_it_says_https() -> None:
    entry, rule = load(
        legacy(
            "EgressRule",
            {"destination": {"service": "api.example.com"}, "ports": [{"port": 443, "protocol": "https"}]},
        )
    )
    assert entry.spec.hosts == ("api.example.com",)
    assert entry.spec.resolution is Resolution.DNS
    assert (entry.spec.ports[0].protocol, entry.spec.ports[0].number) == ("HTTP", 443)
    assert rule.spec.traffic_policy.port_level_settings[0].tls.mode.value == "SIMPLE"


def test_egress_to_wildcards_and_addresses() -> None:
    (entry,) = load(
        legacy("EgressRule", {"destination": {"service": "*.example.com"}, "ports": [{"port": 80, "protocol": "http"}]})
    )
    assert entry.spec.resolution is Resolution.NONE
    (entry,) = load(
        legacy("EgressRule", {"destination": {"service": "10.1.0.0/16"}, "ports": [{"port": 3306, "protocol": "tcp"}]})
    )
    assert entry.spec.addresses == ("10.1.0.0/16",)
    entry, *rules = load(
        legacy("EgressRule", {"destination": {"service": "*"}, "ports": [{"port": 443, "protocol": "https"}]})
    )
    assert "*.com" in entry.spec.hosts
    assert len(rules) == len(entry.spec.hosts)


def test_what_is_gone_says_what_to_write() -> None:
    for kind, word in (("DestinationPolicy", "DestinationRule"), ("IngressRule", "Gateway")):
        result = documents(legacy(kind, {}), "old.yaml")
        (found,) = result.diagnostics
        assert found.severity is Severity.ERROR
        assert word in found.hint


def test_what_cannot_be_said_any_more_is_an_error() -> None:
    text = legacy("RouteRule", {"destination": {"name": "web"}, "match": {"source": {"name": "shop"}}})
    result = documents(text, "old.yaml")
    assert [(d.code, d.field) for d in result.diagnostics] == [("legacy-unsupported", "spec.match.source")]
    assert result.objects == ()


def test_convert_prints_what_loads_without_a_word() -> None:
    old = (
        legacy("RouteRule", {"destination": {"name": "web"}})
        + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
    )
    conversion = convert(old, "old.yaml")
    assert conversion.converted == 1
    assert conversion.diagnostics == ()
    assert [document["kind"] for document in conversion.documents] == ["VirtualService", "ConfigMap"]
    again = documents(yaml.safe_dump_all(conversion.documents), "new.yaml", strict=True)
    assert again.diagnostics == ()
    assert len(again.objects) == 2
