# SPDX-License-Identifier: Apache-2.0
"""Types: quantities and times in canonical form, decoding as Go does, custom schemas, protobuf."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from lateen.apiserver.protobuf import ProtobufError, decode_object
from lateen.apiserver.schema import custom, quantity, structural, times
from lateen.apiserver.schema.builtin import kind_schema
from lateen.apiserver.schema.decode import DecodeError, decode


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("1", "1"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.1", "100m"),
        ("1.5", "1500m"),
        ("1000", "1k"),
        ("1024", "1024"),
        ("1Gi", "1Gi"),
        ("1024Mi", "1Gi"),
        ("0.5Gi", "512Mi"),
        ("1.5Ki", "1536"),
        ("1e3", "1e3"),
        ("12e6", "12e6"),
        ("0", "0"),
        ("0Mi", "0"),
        ("-5m", "-5m"),
        ("1n", "1n"),
        (3, "3"),
    ],
)
def test_quantities(given: Any, canonical: str) -> None:
    assert quantity.canonical(given) == canonical


@pytest.mark.parametrize("given", ["", "x", "1 Gi", "1gi", "--1", "1e", "1.2.3"])
def test_no_quantities(given: str) -> None:
    with pytest.raises(quantity.QuantityError, match="regular expression"):
        quantity.canonical(given)


def test_times() -> None:
    assert times.time(times.parse("2026-01-31T12:00:00.5+02:00")) == "2026-01-31T10:00:00Z"
    assert times.microtime(times.parse("2026-01-31T12:00:00.5Z")) == "2026-01-31T12:00:00.500000Z"
    for wrong in ("2026-01-31", "2026-13-01T00:00:00Z", "now"):
        with pytest.raises(times.TimeError):
            times.parse(wrong)


def pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i", **container}]}}


def test_go_leaves_out_what_is_empty() -> None:
    decoded, unknown = decode(kind_schema("v1", "Pod"), pod(command=[], workingDir="", env=None, tty=False))
    assert decoded["spec"]["containers"] == [{"name": "c", "image": "i", "resources": {}}]
    assert not unknown


def test_unknown_fields_are_named_by_path() -> None:
    _, unknown = decode(kind_schema("v1", "Pod"), {**pod(imagePullPolcy="x"), "spce": {}})
    assert unknown == ['unknown field "spec.containers[0].imagePullPolcy"', 'unknown field "spce"']


@pytest.mark.parametrize(
    ("container", "complaint"),
    [
        ({"image": 1}, "cannot unmarshal number into Go struct field Container.spec.containers.image of type string"),
        ({"tty": "yes"}, "cannot unmarshal string into Go struct field Container.spec.containers.tty of type bool"),
        ({"ports": {}}, "cannot unmarshal object into Go struct field Container.spec.containers.ports of type"),
        ({"resources": {"limits": {"cpu": "lots"}}}, "quantities must match"),
    ],
)
def test_wrong_types(container: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DecodeError, match=complaint):
        decode(kind_schema("v1", "Pod"), pod(**container))


SHIRT = structural.build(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["color"],
                "properties": {
                    "color": {"type": "string", "enum": ["blue", "red"]},
                    "size": {"type": "integer", "minimum": 1, "default": 3},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "tags": {"type": "object", "additionalProperties": {"type": "string"}},
                    "either": {"x-kubernetes-int-or-string": True},
                },
            }
        },
    }
)


def test_custom_resources_are_pruned_defaulted_and_checked() -> None:
    pruned, unknown = custom.prune(SHIRT, {"spec": {"color": "blue", "colour": 1, "free": {"a": 1}}})
    assert unknown == ['unknown field "spec.colour"']
    custom.default(SHIRT, pruned)
    assert pruned == {"spec": {"color": "blue", "free": {"a": 1}, "size": 3}}
    assert custom.validate(SHIRT, pruned) == []


@pytest.mark.parametrize(
    ("spec", "finding"),
    [
        ({}, "spec.color: Required value"),
        ({"color": "pink"}, 'spec.color: Unsupported value: "pink": supported values: "blue", "red"'),
        (
            {"color": "red", "size": 0},
            "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1",
        ),
        (
            {"color": "red", "size": "x"},
            'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
        ),
        ({"color": "red", "either": []}, "of type integer,string"),
        ({"color": "red", "tags": {"a": 1}}, 'spec.tags.a in body must be of type string: "integer"'),
    ],
)
def test_findings(spec: dict[str, Any], finding: str) -> None:
    causes = custom.validate(SHIRT, {"spec": spec})
    assert len(causes) == 1
    assert finding in f"{causes[0].field}: {causes[0].message}"


def field(number: int, value: bytes | int) -> bytes:
    """One protobuf field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    out = b""
    value &= (1 << 64) - 1
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def envelope(api_version: str, kind: str, raw: bytes) -> bytes:
    return b"k8s\x00" + field(1, field(1, api_version.encode()) + field(2, kind.encode())) + field(2, raw)


def test_protobuf_bodies() -> None:
    metadata = field(1, b"web") + field(11, field(1, b"app") + field(2, b"web")) + field(7, -1)
    port = field(3, 80) + field(4, field(1, 1) + field(3, b"http"))
    spec = field(1, port) + field(4, b"ClusterIP")
    found = decode_object(envelope("v1", "Service", field(1, metadata) + field(2, spec)))
    assert found == {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "labels": {"app": "web"}, "generation": -1},
        "spec": {"ports": [{"port": 80, "targetPort": "http"}], "type": "ClusterIP"},
    }


def test_protobuf_fields_that_json_inlines() -> None:
    volume = field(1, b"v") + field(2, field(6, field(1, b"secret")))
    spec = field(1, volume)
    found = decode_object(envelope("v1", "Pod", field(2, spec)))
    assert found["spec"]["volumes"] == [{"name": "v", "secret": {"secretName": "secret"}}]


@pytest.mark.parametrize(
    "body", [b"", b"k8s", b"k8s\x00\xff", b"k8s\x00" + field(2, b"\x0a\xff"), struct.pack(">I", 1)]
)
def test_broken_protobuf(body: bytes) -> None:
    with pytest.raises(ProtobufError):
        decode_object(body)
