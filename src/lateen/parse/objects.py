# SPDX-License-Identifier: Apache-2.0
"""One object from plain data: which kind it is, its fields, its validation."""

import difflib
import re
from collections.abc import Mapping
from typing import Any, Final

from lateen.model.diagnostic import Severity
from lateen.model.kinds import ISTIO_KINDS, KINDS
from lateen.model.ref import Ref
from lateen.model.resource import Resource
from lateen.parse import legacy, validation
from lateen.parse.decode import messages
from lateen.parse.decode.context import Context
from lateen.parse.text.problem import Problem

SCHEMA_CODES: Final = frozenset(
    {
        "unknown-field",
        "required",
        "rule",
        "too-short",
        "too-long",
        "too-few",
        "too-many",
        "out-of-range",
        "pattern",
        "name",
        "duplicate",
    }
)
"""Problems of values that are there as they were written."""
_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_ISTIO_NAMES: Final = {cls.TYPE.kind for cls in ISTIO_KINDS}
_NAME_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character"
)


def items(data: Any) -> list[Any] | None:
    """The objects of a List (`kind: List`, `VirtualServiceList`, …); None when it is none."""
    if isinstance(data, Mapping):
        kind, found = data.get("kind"), data.get("items")
        if isinstance(kind, str) and kind.endswith("List") and isinstance(found, list):
            return found
    return None


def split_version(api_version: str) -> tuple[str, str]:
    """Group (empty for the core one) and version."""
    group, slash, version = api_version.partition("/")
    return (group, version) if slash else ("", group)


def is_passed_over(data: Mapping[str, Any]) -> bool:
    """Whether the object is of a kind that is not ours to judge."""
    api_version, kind = data.get("apiVersion"), data.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str) or not api_version or not kind:
        return False
    group, _ = split_version(api_version)
    if (group, kind) in KINDS or group.endswith("istio.io"):
        return False
    # `apiVersion: v1, kind: VirtualService` is a mistake; Gateway in gateway.networking.k8s.io is another kind.
    return kind not in _ISTIO_NAMES or "." in group


def identity(data: Mapping[str, Any], default_namespace: str) -> Ref | None:
    """Which object the data is, as far as it says so."""
    kind, metadata = data.get("kind"), data.get("metadata")
    if not isinstance(kind, str) or not isinstance(metadata, Mapping):
        return None
    api_version, name, namespace = data.get("apiVersion"), metadata.get("name"), metadata.get("namespace")
    group, _ = split_version(api_version) if isinstance(api_version, str) else ("", "")
    cls = KINDS.get((group, kind))
    if cls is not None and not cls.TYPE.namespaced:
        namespace = ""
    elif not isinstance(namespace, str) or not namespace:
        namespace = default_namespace
    return Ref(kind, namespace, name if isinstance(name, str) else "", group)


def read(data: Any, default_namespace: str, loose: bool) -> tuple[Resource | None, list[Problem]]:
    """The object, or None when it is of no known kind; with any error among the problems it is not to take effect."""
    if not isinstance(data, Mapping):
        hint = "write an object with apiVersion, kind, metadata and spec"
        return None, [Problem("no-object", "the document is no API object", hint)]
    problem = _type_problem(data)
    if problem is not None:
        return None, [problem]
    group, version = split_version(data["apiVersion"])
    kind = data["kind"]
    if group == legacy.GROUP:
        hint = "convert it with lateen convert -f FILE"
        return None, [Problem("legacy", f"{kind} of {data['apiVersion']} is no longer served", hint, "apiVersion")]
    cls = KINDS.get((group, kind))
    if cls is None or version not in cls.TYPE.versions:
        return None, [_no_match(data["apiVersion"], kind, cls)]
    return decode(cls, data, default_namespace, loose)


def decode(
    cls: type[Resource], data: Mapping[str, Any], default_namespace: str, loose: bool
) -> tuple[Resource, list[Problem]]:
    """The object of a known class, checked."""
    body = {key: value for key, value in data.items() if key not in ("apiVersion", "kind")}
    metadata = body.get("metadata")
    if isinstance(metadata, Mapping):
        body["metadata"] = _with_namespace(cls, metadata, default_namespace)
    context = Context(loose)
    found: Resource = messages.message(cls, body, None, context)
    problems = context.problems
    _check_name(found, problems)
    # What was left out for its type would only be missed a second time.
    if all(problem.severity is not Severity.ERROR or problem.code in SCHEMA_CODES for problem in problems):
        problems.extend(validation.check(found))
    return found, problems


def _with_namespace(cls: type[Resource], metadata: Mapping[str, Any], default_namespace: str) -> dict[str, Any]:
    if not cls.TYPE.namespaced:
        return {key: value for key, value in metadata.items() if key != "namespace"}
    return {**metadata, "namespace": metadata.get("namespace") or default_namespace}


def _check_name(found: Resource, problems: list[Problem]) -> None:
    name = found.metadata.name
    if not name:
        if not found.metadata.generate_name and not any(p.field.startswith("metadata") for p in problems):
            problems.append(Problem("required", "resource name may not be empty", "add metadata.name", "metadata.name"))
    elif len(name) > 253 or not _NAME.fullmatch(name):
        hint = "use lower-case letters, digits, - and ."
        problems.append(Problem("name", f'Invalid value: "{name[:253]}": {_NAME_RULE}', hint, "metadata.name"))


def _type_problem(data: Mapping[str, Any]) -> Problem | None:
    for key in ("apiVersion", "kind"):
        value = data.get(key)
        if value is None or value == "":
            return Problem("required", f"{key} is not set", f"add {key}", key)
        if not isinstance(value, str):
            return Problem("wrong-type", f"{key} must be text", "put it in quotes", key)
    return None


def _no_match(api_version: str, kind: str, cls: type[Resource] | None) -> Problem:
    message = f'no matches for kind "{kind}" in version "{api_version}"'
    if cls is None:
        cls = next((known for known in KINDS.values() if known.TYPE.kind == kind), None)
    if cls is not None:
        return Problem("unknown-kind", message, f"use apiVersion: {cls.TYPE.api_version}", "apiVersion")
    close = difflib.get_close_matches(kind, _ISTIO_NAMES, 1, 0.6) if len(kind) < 64 else []
    return Problem("unknown-kind", message, f"did you mean {close[0]}?" if close else "check its spelling", "kind")
