# SPDX-License-Identifier: Apache-2.0
"""Selectors, JSONPath, printer columns, ages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lateen.apiserver.selectors import SelectorError, matches_fields, matches_object, parse_fields, parse_labels
from lateen.apiserver.tables import jsonpath
from lateen.apiserver.tables.columns import human, selector_text
from lateen.apiserver.tables.pods import cells
from lateen.apiserver.tables.printer_columns import PrinterColumn, table

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "labels", "selected"),
    [
        ("a=b", {"a": "b"}, True),
        ("a = b , c", {"a": "b", "c": ""}, True),
        ("a!=b", {}, True),
        ("a in (b, c)", {"a": "c"}, True),
        ("a in (b,)", {"a": ""}, True),
        ("a notin (b)", {"a": "b"}, False),
        ("!a", {"a": ""}, False),
        ("n>3", {"n": "4"}, True),
        ("n<3", {"n": "x"}, False),
        ("example.com/x=y", {"example.com/x": "y"}, True),
    ],
)
def test_label_selectors(text: str, labels: dict[str, str], selected: bool) -> None:
    test = parse_labels(text)
    assert test is not None and test(labels) is selected


@pytest.mark.parametrize("text", ["a in b", "=b", "a in (b", "a=b=c", ",", "a=b,", "a ? b", "(a)", "n>x", "a b"])
def test_no_label_selectors(text: str) -> None:
    with pytest.raises(SelectorError):
        parse_labels(text)


def test_an_empty_selector_wants_everything() -> None:
    assert parse_labels(" ") is None
    assert matches_object({}, {"a": "b"})


def test_selector_objects() -> None:
    selector = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "x", "operator": "DoesNotExist"},
        ],
    }
    assert matches_object(selector, {"app": "web", "tier": "a"})
    assert not matches_object(selector, {"app": "web", "tier": "a", "x": ""})
    assert not matches_object(selector, {"app": "web"})
    assert selector_text(selector) == "app=web,tier in (a,b),!x"


def test_field_selectors() -> None:
    document = {"metadata": {"name": "a,b"}, "status": {"phase": "Running"}, "spec": {"host": True}}
    assert matches_fields(parse_fields(r"metadata.name=a\,b,status.phase!=Failed,spec.host=true,spec.none="), document)
    assert not matches_fields(parse_fields("status.phase=Failed"), document)
    with pytest.raises(SelectorError):
        parse_fields("nothing")


DOCUMENT: dict[str, Any] = {
    "metadata": {"name": "x", "annotations": {"a.b/c": "d"}},
    "spec": {"ports": [{"name": "a", "n": 1}, {"name": "b", "n": 2}], "on": True},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".metadata.name", ["x"]),
        ("{.spec.ports[*].name}", ["a", "b"]),
        (".spec.ports[1].n", [2]),
        (".spec.ports[-1].n", [2]),
        ('.spec.ports[?(@.name=="b")].n', [2]),
        (r".metadata.annotations.a\.b/c", ["d"]),
        (".metadata.annotations['a.b/c']", ["d"]),
        (".spec.nothing.here", []),
        (".spec.ports[7].n", []),
    ],
)
def test_jsonpath(path: str, found: list[Any]) -> None:
    assert jsonpath.find(path, DOCUMENT) == found


@pytest.mark.parametrize("path", [".a[", ".a[x]", "a b", "..", ".a[?(x)]"])
def test_no_jsonpath(path: str) -> None:
    with pytest.raises(jsonpath.JsonPathError):
        jsonpath.parse(path)


def test_printer_columns() -> None:
    columns = [
        PrinterColumn("Ports", "string", ".spec.ports"),
        PrinterColumn("First", "integer", ".spec.ports[0].n"),
        PrinterColumn("On", "boolean", ".spec.on"),
        PrinterColumn("None", "string", ".spec.none"),
        PrinterColumn("Wrong", "integer", ".metadata.name"),
    ]
    assert table(columns).cells(DOCUMENT, NOW) == ["x", '[{"name":"a","n":1},{"name":"b","n":2}]', 1, True, None, None]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (3600, "60m"),
        (3 * 3600 + 60, "3h1m"),
        (10 * 3600, "10h"),
        (50 * 3600, "2d2h"),
        (10 * 86400, "10d"),
        (800 * 86400, "2y70d"),
        (-5, "<invalid>"),
    ],
)
def test_ages(seconds: int, text: str) -> None:
    assert human(timedelta(seconds=seconds)) == text


def pod(*containers: dict[str, Any], phase: str = "Running", **metadata: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": f"c{n}"} for n in range(len(containers))]}
    return {
        "metadata": {"name": "p", **metadata},
        "spec": spec,
        "status": {"phase": phase, "containerStatuses": list(containers)},
    }


RUNNING = {"ready": True, "state": {"running": {}}}


@pytest.mark.parametrize(
    ("document", "ready", "status", "restarts"),
    [
        (pod(RUNNING, RUNNING), "2/2", "Running", "0"),
        (
            pod(RUNNING, {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 3}),
            "1/2",
            "CrashLoopBackOff",
            "3",
        ),
        (pod({"state": {"terminated": {"exitCode": 1}}}, phase="Failed"), "0/1", "ExitCode:1", "0"),
        (
            pod({"state": {"terminated": {"reason": "Completed", "exitCode": 0}}}, phase="Succeeded"),
            "0/1",
            "Completed",
            "0",
        ),
        (pod(RUNNING, deletionTimestamp="2026-01-01T00:00:00Z"), "1/1", "Terminating", "0"),
        (
            pod({**RUNNING, "restartCount": 2, "lastState": {"terminated": {"finishedAt": "2026-01-01T23:00:00Z"}}}),
            "1/1",
            "Running",
            "2 (60m ago)",
        ),
    ],
)
def test_pods_as_they_are_shown(document: dict[str, Any], ready: str, status: str, restarts: str) -> None:
    assert cells(document, NOW)[1:4] == [ready, status, restarts]
