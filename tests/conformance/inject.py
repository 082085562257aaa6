# SPDX-License-Identifier: Apache-2.0
"""Replay the pods of Istio's injection tests, and compare what comes out by meaning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import yaml

from lateen.inject import Injection, Settings, inject_document
from tests.conformance.report import Report

_FLAGS: Final = {
    "components.cni.enabled": "cni",
    "values.global.network": "network",
    "values.global.imagePullPolicy": "image_pull_policy",
    "values.global.mountMtlsCerts": "mount_mtls_certs",
    "values.global.proxy.includeIPRanges": "include_outbound_ip_ranges",
    "values.global.proxy.excludeIPRanges": "exclude_outbound_ip_ranges",
    "values.global.proxy.includeInboundPorts": "include_inbound_ports",
    "values.global.proxy.excludeInboundPorts": "exclude_inbound_ports",
    "values.global.proxy.includeOutboundPorts": "include_outbound_ports",
    "values.global.proxy.excludeOutboundPorts": "exclude_outbound_ports",
    "values.global.proxy.statusPort": "status_port",
    "values.global.proxy.readinessInitialDelaySeconds": "readiness_initial_delay_seconds",
    "values.global.proxy.readinessPeriodSeconds": "readiness_period_seconds",
    "values.global.proxy.readinessFailureThreshold": "readiness_failure_threshold",
    "values.global.proxy.holdApplicationUntilProxyStarts": "hold_application_until_proxy_starts",
    "values.global.proxy.logLevel": "log_level",
    "values.global.proxy.componentLogLevel": "component_log_level",
    "values.global.proxy.privileged": "privileged",
    "values.global.logAsJson": "log_as_json",
    "values.global.meshID": "mesh_id",
}
"""Helm value -> the setting that is the same."""
_NO_MEANING: Final = ("components.cni.enabled=false", "values.cni.provider=default")
_SUFFIXES: Final = {"m": Fraction(1, 1000), "k": 10**3, "M": 10**6, "G": 10**9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
_QUANTITY: Final = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|Ki|Mi|Gi)?")


def inject(rows: list[dict[str, Any]]) -> Report:
    """Inject each row's documents and hold them against Istio's, then inject the result again."""
    report = Report()
    for row in rows:
        reason = _does_not_apply(row)
        if reason:
            report.skip(reason)
        else:
            report.judge(f"{row['func']} {row['want']}", _problems(row, _settings(row)))
    return report


def _does_not_apply(row: Mapping[str, Any]) -> str:
    if row["in_file_path"]:
        return "takes Helm values from a file that the corpus does not hold"
    if row["mesh"] or row["setup"]:
        return "its mesh settings or environment are made by Go code"
    for flag in row["set_flags"] or ():
        if flag == "values.cni.provider=multus":
            return "Multus networks"
        if flag.partition("=")[0] not in _FLAGS and flag not in _NO_MEANING:
            return f"a Helm value that is no setting of ours: {flag.partition('=')[0]}"
    text = row["input_yaml"]
    if "inject.istio.io/templates: grpc" in text:
        return "gRPC's own templates"
    return "" if row.get("golden_yaml") or row["expected_error"] else "the corpus does not hold what is expected"


def _settings(row: Mapping[str, Any]) -> Settings:
    chosen: dict[str, Any] = {
        "image": "registry.istio.io/testing/proxyv2:latest",
        "native_sidecars": row["func"] != "TestInjectionOlderVersion",
    }
    for flag in row["set_flags"] or ():
        if flag not in _NO_MEANING:
            name, _, text = flag.partition("=")
            kind = type(getattr(Settings(), _FLAGS[name]))
            chosen[_FLAGS[name]] = text == "true" if kind is bool else kind(text)
    return Settings(**chosen)


def _problems(row: Mapping[str, Any], settings: Settings) -> list[str]:
    before = [document for document in yaml.safe_load_all(row["input_yaml"]) if document]
    injections = [inject_document(document, settings) for document in before]
    if row["expected_error"]:
        return _refusals(injections, row["expected_error"])
    problems = [str(found) for injection in injections if injection.is_refused for found in injection.diagnostics]
    after = [injection.document or document for injection, document in zip(injections, before, strict=True)]
    expected = [document for document in yaml.safe_load_all(row["golden_yaml"]) if document]
    problems += _differences("", [_outer(d) for d in after], [_outer(d) for d in expected])
    problems += _differences(
        "pods",
        [normal(pod) for document in after for pod in _pods(document)],
        [normal(pod) for document in expected for pod in _pods(document)],
    )
    if any("sidecar.istio.io/status" in str(document) for document in before):
        return problems  # By another version of the templates: the second time, ours replace it.
    for document in after:
        again = inject_document(document, settings)
        if again.document is not None and again.document != document:
            problems += _differences("injected again", again.document, document)
    return problems


def _refusals(injections: Iterable[Injection], expected: str) -> list[str]:
    found = [str(diagnostic) for injection in injections for diagnostic in injection.diagnostics]
    if any(injection.is_refused for injection in injections) and any(expected in text.lower() for text in found):
        return []
    return [f"expected an error about {expected}, got {found}"]


def _pods(document: Any) -> list[Any]:
    """Metadata and spec of the pods of a document."""
    if document.get("kind") == "List":
        return [pod for item in document["items"] for pod in _pods(item)]
    if document.get("kind") == "CronJob":
        job = document["spec"]["jobTemplate"]
        return [job.get("metadata"), job["spec"]["template"].get("metadata") or {}, job["spec"]["template"]["spec"]]
    if document.get("kind") == "Pod":
        return [document["metadata"], document["spec"]]
    template = (document.get("spec") or {}).get("template")
    return [template.get("metadata"), template["spec"]] if template else []


def _outer(value: Any, path: tuple[str, ...] = ()) -> Any:
    """A document without its pods and without what says nothing: zeros, empty fields, `status`."""
    if isinstance(value, dict):
        if value.get("kind") == "Pod":
            return {"kind": "Pod", "apiVersion": value["apiVersion"]}
        fields = {key: _outer(item, (*path, key)) for key, item in value.items() if key not in ("status", "template")}
        return {key: item for key, item in fields.items() if item and not (path and path[-1] == "jobTemplate")}
    return [_outer(item, path) for item in value] if isinstance(value, list) else value


def normal(value: Any, field: str = "") -> Any:
    """A form in which things of the same meaning are equal."""
    if isinstance(value, dict):
        if field in ("requests", "limits"):
            return {key: _quantity(str(item)) for key, item in value.items()}
        fields = {key: normal(item, key) for key, item in value.items()}
        return {key: item for key, item in fields.items() if item not in (None, "", {}, [])}
    if isinstance(value, list):
        items = [normal(item) for item in value]
        if field == "env":
            assert len({item["name"] for item in items}) == len(items), "a variable that is there twice"
            return sorted(items, key=lambda item: str(item["name"]))
        return items
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return normal(json.loads(value))
        except ValueError:
            return value
    return value


def _quantity(text: str) -> Fraction | str:
    match = _QUANTITY.fullmatch(text)
    return Fraction(match[1]) * _SUFFIXES.get(match[2] or "", 1) if match else text


def _differences(path: str, ours: Any, theirs: Any) -> list[str]:
    if ours == theirs:
        return []
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            problem
            for key in sorted({*ours, *theirs}, key=str)
            for problem in _differences(f"{path}.{key}", ours.get(key), theirs.get(key))
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [
            problem
            for index, (one, other) in enumerate(zip(ours, theirs, strict=True))
            for problem in _differences(f"{path}[{index}]", one, other)
        ]
    return [f"{path}: {ours!r} instead of {theirs!r}"]
