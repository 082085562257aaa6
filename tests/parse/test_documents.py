# SPDX-License-Identifier: Apache-2.0
"""Files to objects and Diagnostics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lateen.model.core.service import Service
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.duration import seconds
from lateen.model.networking.destination_rule import DestinationRule
from lateen.model.networking.load_balancer import SimpleLB
from lateen.model.networking.virtual_service import VirtualService
from lateen.model.resource import Resource
from lateen.parse import documents, first_wins, from_mapping, to_mapping

HEAD = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: %s}\nspec:\n"
SPEC = "  hosts: [%s]\n  http: [{route: [{destination: {host: %s}}]}]\n"


def virtual_service(name: str, host: str = "reviews") -> str:
    return HEAD % name + SPEC % (host, host)


def only(text: str) -> Resource:
    result = documents(text, "file.yaml")
    assert result.diagnostics == ()
    (parsed,) = result.objects
    return parsed.object


def problems(text: str | bytes, strict: bool = True) -> list[tuple[str, str, int, int]]:
    return [(d.code, d.field, d.line, d.column) for d in documents(text, "file.yaml", strict=strict).diagnostics]


def route(extra: str) -> VirtualService:
    found = only(HEAD % "a" + "  hosts: [a]\n  http:\n  - route: [{destination: {host: a}}]\n    " + extra)
    assert isinstance(found, VirtualService)
    return found


def test_versions_mean_the_same() -> None:
    texts = [virtual_service("a").replace("/v1\n", f"/{version}\n") for version in ("v1", "v1beta1", "v1alpha3")]
    first, *others = [only(text) for text in texts]
    assert all(other == first for other in others)
    assert first.api_version == "networking.istio.io/v1"


def test_many_documents_and_lists() -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [to_mapping(only(virtual_service("c")))]}
    text = f"# nothing\n---\n{virtual_service('a')}---\n\n--- # and\n{virtual_service('b')}...\n---\n"
    text += json.dumps(listed)
    result = documents(text, "file.yaml")
    assert [parsed.object.name for parsed in result.objects] == ["a", "b", "c"]
    assert result.diagnostics == ()


def test_json_values_in_a_row() -> None:
    values = [json.dumps(to_mapping(only(virtual_service(name)))) for name in ("a", "b")]
    assert [p.object.name for p in documents("\n".join(values), "f.json").objects] == ["a", "b"]


def test_yaml_in_braces_is_not_broken_json() -> None:
    text = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}"
    assert only(text).name == "a"


def test_snake_case_is_accepted() -> None:
    found = route("mirror_percentage: {value: 5}\n    mirror: {host: b}\n")
    assert found.spec.http[0].mirror_percentage is not None
    text = (
        HEAD % "a"
        + "  hosts: [a]\n  tls:\n  - match: [{sni_hosts: [a], port: 443}]\n    route: [{destination: {host: a}}]\n"
    )
    found = only(text)  # type: ignore[assignment]
    assert found.spec.tls[0].match[0].sni_hosts == ("a",)


@pytest.mark.parametrize(("timeout", "expected"), [("5s", 5), ("1m", 60), ("1.5s", 1.5), ('"2s"', 2)])
def test_durations(timeout: str, expected: float) -> None:
    assert route(f"timeout: {timeout}\n").spec.http[0].timeout == seconds(expected)


def test_numbers_may_be_text_and_enums_numbers() -> None:
    found = route('retries: {attempts: "3"}\n')
    assert found.spec.http[0].retries is not None
    assert found.spec.http[0].retries.attempts == 3
    rule = only(
        "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\n"
        "spec: {host: a, trafficPolicy: {loadBalancer: {simple: 4}}}\n"
    )
    assert isinstance(rule, DestinationRule)
    assert rule.spec.traffic_policy is not None
    assert rule.spec.traffic_policy.load_balancer is not None
    assert rule.spec.traffic_policy.load_balancer.simple is SimpleLB.ROUND_ROBIN


def test_null_is_absent() -> None:
    found = route("match: [{uri: null, headers: {x: {}}}]\n    timeout:\n")
    assert found.spec.http[0].match[0].uri is None
    assert found.spec.http[0].timeout is None
    assert "x" in found.spec.http[0].match[0].headers


def test_present_but_empty_is_kept() -> None:
    found = route("match: [{uri: {exact: ''}}]\n    headers: {}\n")
    assert found.spec.http[0].match[0].uri is not None
    assert found.spec.http[0].match[0].uri.exact == ""
    assert found.spec.http[0].headers is not None


def test_namespace_is_completed() -> None:
    assert only(virtual_service("a")).namespace == "default"
    result = documents(virtual_service("a"), "f", default_namespace="shop")
    assert result.objects[0].object.namespace == "shop"
    assert only("apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}\n").namespace == ""


def test_kubernetes_kinds_are_open() -> None:
    text = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: a, managedFields: [{x: 1}]}\n"
        "spec: {clusterIP: 10.0.0.1, ports: [{port: 80, targetPort: http, unheardOf: 1}], somethingNew: true}\n"
    )
    found = only(text)
    assert isinstance(found, Service)
    assert found.spec.cluster_ip == "10.0.0.1"
    assert found.spec.ports[0].target_port == "http"


def test_secrets_are_decoded() -> None:
    found: Any = only("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {tls.crt: aGk=}\n")
    assert found.data == {"tls.crt": b"hi"}


def test_other_kinds_are_passed_over() -> None:
    result = documents("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {x: 1}\n", "f")
    assert (result.objects, result.diagnostics) == ((), ())
    assert [str(ref) for ref in result.passed_over] == ["Deployment/default/a"]


@pytest.mark.parametrize(
    ("text", "code", "field", "line"),
    [
        (virtual_service("a") + "  htp: []\n", "unknown-field", "spec.htp", 7),
        (virtual_service("a") + "  exportTo: x\n", "wrong-type", "spec.exportTo", 7),
        (
            HEAD % "a" + "  hosts: [1]\n  http: [{route: [{destination: {host: a}}]}]\n",
            "wrong-type",
            "spec.hosts[0]",
            5,
        ),
        (virtual_service("a") + "  hosts: [b]\n", "duplicate-key", "", 7),
        (virtual_service("Not_A_Name"), "name", "metadata.name", 3),
        ("kind: VirtualService\nmetadata: {name: a}\n", "required", "apiVersion", 1),
        ("apiVersion: networking.istio.io/v1\nkind: VirtualServce\n", "unknown-kind", "kind", 2),
        ("apiVersion: networking.istio.io/v7\nkind: Gateway\n", "unknown-kind", "apiVersion", 1),
        ("apiVersion: v1\nkind: VirtualService\n", "unknown-kind", "apiVersion", 1),
        ("- a\n- b\n", "no-object", "", 1),
        ("just text\n", "no-object", "", 1),
        ("a: [\n", "yaml", "", 2),
        ("a: b: c\n", "yaml", "", 1),
        ("a: &x [*x]\n", "alias", "", 1),
        ("a: *nowhere\n", "yaml", "", 1),
        ("? [a]\n: b\n", "key", "", 1),
        ("\ta: b\n", "yaml", "", 1),
        ("a: \x07\n", "yaml", "", 1),
        ("[" * 5000 + "]" * 5000, "too-deep", "", 1),
        ("{a: " * 200 + "}" * 200, "too-deep", "", 1),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, code: str, field: str, line: int) -> None:
    found = problems(text)
    assert (code, field, line) in [(c, f, at) for c, f, at, _ in found], found


def test_a_bad_document_does_not_spoil_the_others() -> None:
    text = "---\n".join(
        [virtual_service("a"), "a: [\n", virtual_service("b") + "  exportTo: 1\n", virtual_service("c")]
    )
    result = documents(text, "file.yaml")
    assert [parsed.object.name for parsed in result.objects] == ["a", "c"]
    assert [d.severity for d in result.diagnostics] == [Severity.ERROR, Severity.ERROR]


def test_refused_objects_can_be_talked_about() -> None:
    result = documents(virtual_service("a", "a:80") + "---\n" + virtual_service("b"), "file.yaml")
    assert [parsed.object.name for parsed in result.objects] == ["b"]
    assert [parsed.object.name for parsed in result.refused] == ["a"]
    assert first_wins({"file.yaml": result}).refused == result.refused


def test_every_problem_of_a_document_is_said() -> None:
    text = (
        HEAD % "a"
        + "  hosts: 1\n  http:\n  - timeout: 5\n    retries: {attempts: x}\n    match: [{uri: {exact: a, prefix: b}}]\n"
    )
    assert [code for code, *_ in problems(text)] == ["wrong-type", "wrong-type", "wrong-type", "oneof"]


def test_loose_reading_overlooks_what_istio_overlooks() -> None:
    text = virtual_service("a") + "  htp: []\n"
    result = documents(text, "file.yaml")
    assert len(result.objects) == 1
    assert [d.severity for d in result.diagnostics] == [Severity.WARNING]
    assert documents(text, "file.yaml", strict=True).objects == ()
    named = documents(virtual_service("off"), "file.yaml")
    assert named.objects[0].object.name == "false"
    assert documents(virtual_service("off"), "file.yaml", strict=True).objects == ()


def test_a_hint_names_the_close_field() -> None:
    (found,) = documents(virtual_service("a") + "  htp: []\n", "f").diagnostics
    assert found.hint == "did you mean http?"


def test_aliases_share_and_cannot_explode() -> None:
    shared = HEAD % "a" + "  hosts: [a]\n  http:\n  - route: &r [{destination: {host: a}}]\n  - route: *r\n"
    assert len(documents(shared, "f").objects) == 1
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
    )
    assert problems(bomb)[0][0] == "too-large"


def test_merge_keys() -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  <<: &base {x: '1', z: '2'}\n  z: '3'\n"
    found: Any = only(text)
    assert found.data == {"x": "1", "z": "3"}


def test_sizes_are_bounded() -> None:
    huge = virtual_service("a") + "# " + "x" * (4 * 1024 * 1024) + "\n"
    result = documents(huge + "---\n" + virtual_service("b"), "f")
    assert [d.code for d in result.diagnostics] == ["too-large"]
    assert [parsed.object.name for parsed in result.objects] == ["b"]


def test_encoding() -> None:
    assert problems(b"a: \xff\xfe\n")[0][0] == "encoding"
    assert len(documents(b"\xef\xbb\xbf" + virtual_service("a").encode(), "f").objects) == 1
    assert len(documents(virtual_service("a").replace("\n", "\r\n"), "f").objects) == 1


def test_duplicate_keys_in_json() -> None:
    text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "name": "b"}}'
    result = documents(text, "f.json")
    assert result.objects == ()
    assert [d.code for d in result.diagnostics] == ["duplicate-key"]


def test_positions_on_demand() -> None:
    text = (
        "# first\n---\n"
        + HEAD % "a"
        + "  hosts: [a]\n  http:\n  - name: x\n    route:\n    - destination:\n        host: a\n"
    )
    (parsed,) = documents(text, "file.yaml").objects
    assert parsed.source.file == "file.yaml"
    assert parsed.source.position("spec.http[0].route[0].destination.host") == (12, 9)
    assert parsed.source.position("spec.http[0].route[7].destination.host") == (10, 5)
    assert parsed.source.position("spec.nothing") == (6, 1)
    assert parsed.source.position("") == (3, 1)


def test_positions_of_items_and_odd_keys() -> None:
    text = (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata:\n    name: a\n"
        "    labels:\n      app.kubernetes.io/name: x\n"
    )
    (parsed,) = documents(text, "f").objects
    assert parsed.source.position('metadata.labels["app.kubernetes.io/name"]') == (9, 7)


def test_the_place_takes_no_part_in_equality() -> None:
    one = documents(virtual_service("a"), "one.yaml").objects[0]
    other = documents("# a comment\n\n" + virtual_service("a"), "other.yaml").objects[0]
    assert one == other
    assert one.source.file != other.source.file


def test_the_first_path_wins() -> None:
    results = {
        "b.yaml": documents(virtual_service("a", "second"), "b.yaml"),
        "a.yaml": documents(virtual_service("a", "first"), "a.yaml"),
    }
    found = first_wins(results)
    (parsed,) = found.objects
    assert parsed.source.file == "a.yaml"
    (twice,) = found.diagnostics
    assert (twice.code, twice.file, twice.line) == ("duplicate-object", "b.yaml", 3)
    assert "a.yaml:3" in twice.message


def test_from_mapping() -> None:
    mapping = to_mapping(only(virtual_service("a")))
    found, diagnostics = from_mapping(mapping)
    assert (found, diagnostics) == (only(virtual_service("a")), ())
    broken: dict[str, Any] = {**mapping, "spec": {**mapping["spec"], "htp": 1}}
    found, diagnostics = from_mapping(broken)
    assert found is None
    assert [d.code for d in diagnostics] == ["unknown-field"]
    found, diagnostics = from_mapping(broken, strict=False)
    assert found is not None
    assert [d.severity for d in diagnostics] == [Severity.WARNING]


def test_diagnostics_read_well() -> None:
    (found,) = documents(virtual_service("a") + "  exportTo: 1\n", "file.yaml").diagnostics
    assert str(found) == (
        'file.yaml:7:3: error: VirtualService/default/a: spec.exportTo: must be of type array: "integer" '
        "(write it as a list: - …)"
    )
    assert isinstance(found, Diagnostic)


def huge(spec: dict[str, Any], kind: str = "VirtualService") -> dict[str, Any]:
    return {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"name": "a"}, "spec": spec}


ROUTE = {"route": [{"destination": {"host": "a"}}]}
MANY = 20_000


@pytest.mark.parametrize(
    "document",
    [
        huge({"hosts": [f"*.h{n}.com" for n in range(MANY)], "http": [ROUTE]}),
        huge({"hosts": ["a"], "http": [{**ROUTE, "match": [{"uri": {"prefix": f"/{n}"}}]} for n in range(MANY // 4)]}),
        huge(
            {
                "hosts": [f"h{n}.com" for n in range(MANY)],
                "tls": [{**ROUTE, "match": [{"sniHosts": [f"x{n}.com" for n in range(MANY)]}]}],
            }
        ),
        huge({f"field{n}": n for n in range(MANY)}),
        huge(
            {"host": "a", "subsets": [{"name": "a", "labels": {f"?{n}": "x" for n in range(MANY)}}]}, "DestinationRule"
        ),
        huge(
            {
                "servers": [
                    {
                        "port": {"number": 443, "name": "a", "protocol": "TLS"},
                        "hosts": ["*"],
                        "tls": {"mode": "PASSTHROUGH", "cipherSuites": ["AES128-SHA"] * MANY},
                    }
                ]
            },
            "Gateway",
        ),
    ],
    ids=["hosts", "prefixes", "server-names", "unknown", "labels", "ciphers"],
)
def test_much_of_one_thing_costs_little(document: dict[str, Any]) -> None:
    """None of these ends within a minute where the work grows with the square of the document."""
    result = documents(json.dumps(document), "f.json", strict=True)
    assert len(result.diagnostics) <= 101


def test_many_json_values() -> None:
    assert len(documents("{}\n" * MANY, "f.json").diagnostics) == MANY
