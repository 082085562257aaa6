# SPDX-License-Identifier: Apache-2.0
"""JSON patch (RFC 6902)."""

from __future__ import annotations

import copy
from typing import Any


class PatchError(ValueError):
    """The patch cannot be applied."""


class TestFailedError(PatchError):
    """A `test` operation did not hold."""


LIMIT = 10_000
"""Operations in one patch, as in Kubernetes."""


def apply(document: Any, operations: Any) -> Any:
    """The document after the operations. Raises PatchError."""
    if not isinstance(operations, list):
        raise PatchError("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    result = copy.deepcopy(document)
    for operation in operations:
        if not isinstance(operation, dict):
            raise PatchError("json: cannot unmarshal into Go value of type jsonpatch.Operation")
        result = _apply_one(result, operation)
    return result


def _apply_one(document: Any, operation: dict[str, Any]) -> Any:
    path, kind = operation.get("path"), operation.get("op")
    if not isinstance(path, str):
        raise PatchError(f"{kind} operation failed to decode path: missing value")
    match kind:
        case "add":
            return _add(document, path, copy.deepcopy(operation.get("value")))
        case "remove":
            return _remove(document, path)[0]
        case "replace":
            _get(document, path, "replace")
            if not path:
                return copy.deepcopy(operation.get("value"))
            parent, key = _parent(document, path, "replace")
            parent[_index(parent, key) if isinstance(parent, list) else key] = copy.deepcopy(operation.get("value"))
            return document
        case "move":
            document, value = _remove(document, _from(operation))
            return _add(document, path, value)
        case "copy":
            return _add(document, path, copy.deepcopy(_get(document, _from(operation), "copy")))
        case "test":
            try:
                found = _get(document, path, "test")
            except PatchError:
                found = None
            if not _equal(found, operation.get("value")):
                raise TestFailedError(f"testing value {path} failed: test failed")
            return document
        case _:
            raise PatchError(f"Unexpected kind: {kind}")


def _from(operation: dict[str, Any]) -> str:
    source = operation.get("from")
    if not isinstance(source, str):
        raise PatchError(f"{operation.get('op')} operation failed to decode from: missing value")
    return source


def _equal(first: Any, second: Any) -> bool:
    if isinstance(first, bool) != isinstance(second, bool):
        return False
    return bool(first == second)


def _steps(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise PatchError(f"missing value: path {path!r} does not start with /")
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _missing(operation: str, path: str) -> PatchError:
    return PatchError(f"{operation} operation does not apply: doc is missing path: {path}: missing value")


def _get(document: Any, path: str, operation: str) -> Any:
    for step in _steps(path):
        if isinstance(document, dict) and step in document:
            document = document[step]
        elif isinstance(document, list):
            document = document[_index(document, step)]
        else:
            raise PatchError(f"{operation} operation does not apply: doc is missing key: {path}: missing value")
    return document


def _parent(document: Any, path: str, operation: str) -> tuple[Any, str]:
    steps = _steps(path)
    for step in steps[:-1]:
        if isinstance(document, dict) and isinstance(document.get(step), dict | list):
            document = document[step]
        elif isinstance(document, list):
            document = document[_index(document, step)]
        else:
            raise _missing(operation, path)
    if not isinstance(document, dict | list):
        raise _missing(operation, path)
    return document, steps[-1]


def _index(items: list[Any], step: str) -> int:
    try:
        index = int(step)
    except ValueError:
        raise PatchError(f'strconv.Atoi: parsing "{step}": invalid syntax') from None
    if not -len(items) <= index < len(items):
        raise PatchError(f"Unable to access invalid index: {step}: invalid index referenced")
    return index


def _add(document: Any, path: str, value: Any) -> Any:
    if not path:
        return value
    parent, key = _parent(document, path, "add")
    if isinstance(parent, dict):
        parent[key] = value
    elif key == "-":
        parent.append(value)
    else:
        index = len(parent) if key == str(len(parent)) else _index(parent, key)
        parent.insert(index, value)
    return document


def _remove(document: Any, path: str) -> tuple[Any, Any]:
    if not path:
        return None, document
    parent, key = _parent(document, path, "remove")
    if isinstance(parent, list):
        return document, parent.pop(_index(parent, key))
    if key not in parent:
        raise PatchError(f"remove operation does not apply: doc is missing key: {path}: missing value")
    return document, parent.pop(key)
