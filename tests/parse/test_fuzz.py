# SPDX-License-Identifier: Apache-2.0
"""Nothing that a file or an API server may hold makes an exception escape.

The documents are made from the model's own types, then spoilt; or they are noise. `LATEEN_FUZZ_EXAMPLES` sets how many
are tried by each test.
"""

from __future__ import annotations

import enum
import json
import os
import types
import typing
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lateen.model.duration import Duration
from lateen.model.kinds import KINDS
from lateen.model.mesh_config import MeshConfig
from lateen.model.message import Message
from lateen.model.resource import Resource
from lateen.parse import documents, from_mapping, mesh_config, to_mapping
from lateen.parse.convert import convert
from lateen.parse.definition.openapi import schema

EXAMPLES = int(os.environ.get("LATEEN_FUZZ_EXAMPLES", "30"))
fuzz = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="LATEEN_FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)

WORDS = st.sampled_from(
    [
        *(
            "a",
            "*",
            "*.com",
            "a.b.svc.cluster.local",
            "mesh",
            "ns/gw",
            "http",
            "TLS",
            "",
            " ",
            "10.0.0.0/8",
            "::1",
            "~",
        ),
        *("(", "[a-", "a{1000}", "%REQ(x)%", "%", "@request.auth.claims.x", "unix:///a", "outbound_.80_._.a", "\u0000"),
        *(
            "x" * 300,
            "{*}",
            "/a/{**}",
            "5s",
            "-1s",
            "1h",
            "503,reset",
            "https://a/b",
            "on",
            "0x10",
            "9" * 20,
            "./*",
            "é",
        ),
    ]
)
NOISE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def of_message(cls: type[Message], depth: int = 0) -> st.SearchStrategy[Any]:
    """Documents of a message: some of its fields, most of them of the right type."""
    hints = typing.get_type_hints(cls, include_extras=True)
    fields = {
        field.encode_name: st.deferred(lambda hint=hints[field.name]: of_type(hint, depth + 1)) | NOISE  # type: ignore[misc]
        for field in msgspec.structs.fields(cls)
        if field.name not in ("api_version", "kind", "metadata")
    }
    return st.fixed_dictionaries({}, optional=fields)


def of_type(hint: Any, depth: int) -> st.SearchStrategy[Any]:
    """Values that a field of the type may have."""
    if get_origin(hint) is Annotated:
        return of_type(get_args(hint)[0], depth)
    arguments = get_args(hint)
    if get_origin(hint) in (typing.Union, types.UnionType):
        return st.one_of([of_type(argument, depth) for argument in arguments if argument is not type(None)])
    if depth > 9:
        return WORDS
    if get_origin(hint) is tuple:
        return st.lists(of_type(arguments[0], depth), max_size=2)
    if get_origin(hint) is dict:
        values = NOISE if arguments[1] is Any else of_type(arguments[1], depth)
        return st.dictionaries(WORDS, values, max_size=2)
    if hint is Duration:
        return st.sampled_from(["1s", "0s", "-5s", "1m30s", "10", "1.0000001s", "9" * 40 + "s"])
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.sampled_from([0, 1, -1, 80, 443, 65536, 2**31, 2**64, "7"])
    if hint is float:
        return st.floats()
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return st.sampled_from([member.value for member in hint])
    if isinstance(hint, type) and issubclass(hint, Message):
        return of_message(hint, depth)
    return WORDS


def whole(cls: type[Resource], body: dict[str, Any]) -> dict[str, Any]:
    head = {"apiVersion": cls.TYPE.api_version, "kind": cls.TYPE.kind, "metadata": {"name": "a", "namespace": "b"}}
    return {**head, **body}


@pytest.mark.parametrize("cls", KINDS.values(), ids=lambda cls: cls.TYPE.kind)
def test_documents_of_a_kind(cls: type[Resource]) -> None:
    @fuzz
    @given(of_message(cls))
    def run(body: dict[str, Any]) -> None:
        document = whole(cls, body)
        found, diagnostics = from_mapping(document)
        for diagnostic in diagnostics:
            assert diagnostic.message
            str(diagnostic)
        if found is not None:
            hash(found)
            again, _ = from_mapping(to_mapping(found))
            assert again == found

    run()


@fuzz
@given(of_message(MeshConfig))
def test_mesh_configuration(body: dict[str, Any]) -> None:
    found, _ = mesh_config(json.dumps(body, allow_nan=False) if _is_json(body) else yaml.safe_dump(body), "mesh.yaml")
    hash(found)


def _is_json(body: Any) -> bool:
    try:
        json.dumps(body, allow_nan=False)
    except ValueError:
        return False
    return True


@fuzz
@given(NOISE)
def test_any_data(data: Any) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    documents(text, "noise.yaml")
    convert(text, "noise.yaml")
    mesh_config(text, "noise.yaml")


@fuzz
@given(st.binary(max_size=400) | st.text(alphabet="{}[]:-,&*!|>'\"#%@`\n\t ?aé~0<", max_size=200).map(str.encode))
def test_noise(noise: bytes) -> None:
    documents(noise, "noise.yaml")
    mesh_config(noise, "noise.yaml")


SOUND = b"""\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
  labels: &labels {app: reviews}
spec:
  hosts: [reviews]
  http:
  - match:
    - headers: {end-user: {exact: jason}}
      sourceLabels: *labels
    route:
    - destination: {host: reviews, subset: v2, port: {number: 9080}}
    timeout: 5s
---
apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata: {name: old}
spec: {destination: {name: reviews}, route: [{labels: {version: v1}}]}
"""


@fuzz
@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.binary(max_size=3), st.integers(0, 12)), max_size=6))
def test_spoilt_documents(edits: list[tuple[int, bytes, int]]) -> None:
    text = bytearray(SOUND)
    for position, insertion, deleted in edits:
        text[position : position + deleted] = insertion
    result = documents(bytes(text), "spoilt.yaml")
    for parsed in result.objects:
        assert parsed.source.position("spec.http[0].route[0]")[0] >= 1


@pytest.mark.parametrize("cls", KINDS.values(), ids=lambda cls: cls.TYPE.kind)
def test_every_message_has_a_schema(cls: type[Resource]) -> None:
    assert schema(cls)["type"] == "object"
