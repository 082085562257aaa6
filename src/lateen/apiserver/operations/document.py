# SPDX-License-Identifier: Apache-2.0
"""From the bytes of a request to a checked document of its kind."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from lateen.apiserver.operations.call import Call
from lateen.apiserver.protobuf import ProtobufError, decode_object
from lateen.apiserver.registry.kind import Document, Kind
from lateen.apiserver.schema import custom
from lateen.apiserver.schema.decode import DecodeError, decode
from lateen.apiserver.schema.node import Schema
from lateen.apiserver.status import ApiError, bad_request, invalid, unsupported_media

_SHOWN = 30
"""Bytes of a body that nobody could read that are shown to its sender."""
JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"


class NotOfKindError(ApiError):
    """400: a value of the document has the wrong type. `conversion` is how a strategic merge patch says it."""

    def __init__(self, kind: Kind, version: str, error: DecodeError) -> None:
        self.reason, self.conversion = str(error), error.conversion or str(error)
        message = f'{kind.kind} in version "{version}" cannot be handled as a {kind.kind}: {error}'
        super().__init__(400, "BadRequest", message)


def read_body(body: bytes, content_type: str, schema: Schema | None = None, kind: str = "") -> Document:
    """The object in a request body. Raises ApiError (400 when it is no object, 415 for other media types).

    `schema` is for protobuf bodies that do not say what they are, `kind` for the message about one nobody can read.
    """
    media = content_type.partition(";")[0].strip().lower() or JSON
    if media == JSON:
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise _unrecognised(kind, body, f"json parse error: {_reason(error, body)}") from None
    elif media in (YAML, "text/yaml"):
        try:
            document = yaml.load(body, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise _unrecognised(kind, body, f"json parse error: {error}") from None
    elif media == PROTOBUF:
        try:
            document = decode_object(body, schema)
        except ProtobufError as error:
            raise bad_request(str(error)) from None
    else:
        raise unsupported_media((JSON, YAML, PROTOBUF), media)
    if not isinstance(document, dict):
        raise bad_request(
            "couldn't get version/kind; json parse error: json: cannot unmarshal "
            f'{_name(document)} into Go value of type struct {{ APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" }'
        )
    return document


def _unrecognised(kind: str, body: bytes, why: str) -> ApiError:
    message = f"couldn't get version/kind; {why}"
    if not kind:
        return bad_request(message)
    more = " ..." if len(body) > _SHOWN else ""
    shown = body[:_SHOWN].decode(errors="replace") if body[:1] == b"{" else body[:_SHOWN].hex()
    summary = f"{shown}{more}" if body else "<empty>"
    return bad_request(f"the object provided is unrecognized (must be of type {kind}): {message} ({summary})")


def _reason(error: orjson.JSONDecodeError, body: bytes) -> str:
    if not body.strip():
        return "unexpected end of JSON input"
    if error.pos >= len(body):
        return "unexpected end of JSON input"
    character = body.decode(errors="replace")[error.pos : error.pos + 1]
    return f"invalid character '{character}' looking for beginning of value"


def _name(value: Any) -> str:
    return {list: "array", str: "string", bool: "bool", type(None): "null"}.get(type(value), "number")


def typed(call: Call, kind: Kind, version: str, document: Document) -> Document:
    """Check the document against its kind: unknown fields as the request wants them treated, types always.

    `document` may name no type. Raises ApiError.
    """
    wanted = kind.api_version(version)
    given_version, given_kind = document.get("apiVersion"), document.get("kind")
    given_version = wanted if given_version in (None, "") else given_version
    given_kind = kind.kind if given_kind in (None, "") else given_kind
    if not isinstance(given_version, str) or not isinstance(given_kind, str):
        raise bad_request("couldn't get version/kind; json parse error: json: cannot unmarshal into string")
    if given_version != wanted and given_kind == kind.kind:
        raise bad_request(
            f"the API version in the data ({given_version}) does not match the expected API version ({wanted})"
        )
    if given_kind != kind.kind:
        raise bad_request(
            f'no kind "{given_kind}" is registered for version "{given_version}" in scheme '
            '"pkg/api/legacyscheme/scheme.go:30"'
        )
    if kind.custom:
        return _custom(call, kind, version, document)
    try:
        decoded, unknown = decode(kind.schema(version), document)
    except DecodeError as error:
        raise NotOfKindError(kind, version, error) from None
    _treat_unknown(call, kind, version, unknown)
    metadata = decoded.setdefault("metadata", {})
    return {"apiVersion": wanted, "kind": kind.kind, "metadata": metadata, **decoded}


def _custom(call: Call, kind: Kind, version: str, document: Document) -> Document:
    schema = kind.schema(version)
    try:
        pruned, unknown = custom.prune(schema, document)
    except DecodeError as error:
        raise bad_request(f'{kind.kind} in version "{version}" cannot be handled as a {kind.kind}: {error}') from None
    _treat_unknown(call, kind, version, unknown)
    pruned["apiVersion"], pruned["kind"] = kind.api_version(version), kind.kind
    pruned.setdefault("metadata", {})
    custom.default(schema, pruned)
    return pruned


def check_custom(kind: Kind, version: str, document: Document) -> None:
    """Validate a custom resource against its structural schema. Raises ApiError (422)."""
    causes = custom.validate(kind.schema(version), document)
    if causes:
        raise invalid(kind.group, kind.kind, document["metadata"].get("name", ""), causes)


def _treat_unknown(call: Call, kind: Kind, version: str, unknown: list[str]) -> None:
    if not unknown:
        return
    mode = call.field_validation
    if mode == "Strict":
        raise strict_error(kind, version, unknown)
    if mode == "Warn":
        call.warnings += unknown


def strict_error(kind: Kind, version: str, unknown: list[str]) -> ApiError:
    return bad_request(
        f'{kind.kind} in version "{version}" cannot be handled as a {kind.kind}: strict decoding error: '
        + ", ".join(unknown)
    )
