# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tests.conformance.echo.expressions import constants, resolve, substitute
from tests.conformance.echo.template import UnknownError, render

VALUES = {"Name": "b", "Empty": "", "List": ["x", "y"], "(index .dst 0).Config.Service": "b"}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("host: {{ .Name }}\n", "host: b\n"),
        ("{{.Missing}}", ""),
        ('{{.Empty | default "gateway"}}', "gateway"),
        ("{{.Missing | default .Name}}", "b"),
        ('{{.Name|replace "b" "wild"}}', "wild"),
        ("{{.Name|quote}}", '"b"'),
        ("{{ (index .dst 0).Config.Service }}", "b"),
        ("a\n{{- if .Name }}\n  b: c\n{{- end }}\nd", "a\n  b: c\nd"),
        ("a\n{{- if .Empty }}\n  b: c\n{{- else }}\n  e\n{{- end }}\nd", "a\n  e\nd"),
        ("l:\n{{- range $x := .List }}\n- {{$x}}\n{{- end }}\n", "l:\n- x\n- y\n"),
        ("{{- range $x := .Empty }}\n- {{$x}}\n{{- end }}", ""),
    ],
)
def test_templates(text: str, rendered: str) -> None:
    assert render(text, VALUES) == rendered


@pytest.mark.parametrize("text", ["{{ lower .Name }}", "{{ .Name | upper }}"])
def test_what_is_not_known_is_named(text: str) -> None:
    with pytest.raises(UnknownError):
        render(text, VALUES)


def test_references_to_the_test_framework() -> None:
    known = constants()
    assert substitute("port: ${ports.HTTP.ServicePort} at ${t.Apps.Namespace.Name()}", known) == "port: 80 at default"
    assert resolve({"$ref": "http.StatusMovedPermanently"}, known) == 301
    assert resolve({"$op": "*", "l": {"$ref": "time.Second"}, "r": 5}, known) == 5
    built = 'headers.New().\n\tWith(headers.Origin, "cors.com").\n\tWith("end-user", "").\n\tBuild'
    assert resolve({"Headers": {"$call": built, "args": []}}, known) == {
        "Headers": {"Origin": "cors.com", "end-user": ""}
    }
    with pytest.raises(UnknownError):
        resolve({"$func": "<go closure>"}, known)
    with pytest.raises(UnknownError):
        substitute("${nobody.Knows()}", known)
