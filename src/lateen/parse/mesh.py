# SPDX-License-Identifier: Apache-2.0
"""MeshConfig: from a file, or from the ConfigMap that holds it."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from lateen.model.core.config_map import ConfigMap
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.mesh.extension_provider import (
    EnvoyFileAccessLogProvider,
    ExtensionProvider,
    LogFormat,
    PrometheusMetricsProvider,
    StackdriverProvider,
)
from lateen.model.mesh.proxy_defaults import ProxyDefaults
from lateen.model.mesh_config import MeshConfig
from lateen.model.message import FrozenMap
from lateen.parse.decode import messages
from lateen.parse.decode.context import Context
from lateen.parse.document import LARGEST_FILE
from lateen.parse.text import yaml_document
from lateen.parse.text.problem import Problem
from lateen.parse.text.source import Source
from lateen.parse.validation import mesh_config as validation
from lateen.parse.validation.findings import Findings

CONFIG_MAP_NAME: Final = "istio"
"""Name of the ConfigMap, in the root namespace, that holds the mesh configuration."""
CONFIG_MAP_KEY: Final = "mesh"

BUILT_IN_PROVIDERS: Final = (
    ExtensionProvider(name="prometheus", prometheus=PrometheusMetricsProvider()),
    ExtensionProvider(name="stackdriver", stackdriver=StackdriverProvider()),
    ExtensionProvider(name="envoy", envoy_file_access_log=EnvoyFileAccessLogProvider(path="/dev/stdout")),
    ExtensionProvider(
        name="envoy-json",
        envoy_file_access_log=EnvoyFileAccessLogProvider(path="/dev/stdout", log_format=LogFormat(labels=FrozenMap())),
    ),
)
"""Providers that every mesh has; one of the same name in the configuration replaces them."""


def default_mesh_config() -> MeshConfig:
    """What a mesh has that says nothing."""
    return MeshConfig(extension_providers=BUILT_IN_PROVIDERS)


def mesh_config(text: str | bytes, file: str) -> tuple[MeshConfig, tuple[Diagnostic, ...]]:
    """The mesh configuration of a file (YAML or JSON), or of a ConfigMap document in it.

    Fields that are there replace the defaults; providers are added to the built-in ones. What is wrong is left out,
    with a Diagnostic, and the rest takes effect; a field that Lateen does not know is a warning.
    """
    decoded, problem = _text(text)
    if problem is not None:
        return default_mesh_config(), _diagnostics([problem], Source(file, 1, ""))
    for chunk in yaml_document.split(decoded):
        source = Source(file, chunk.line, chunk.text)
        nodes, broken = yaml_document.compose(chunk.text)
        if broken is not None:
            return default_mesh_config(), _diagnostics([broken], source)
        for node in nodes:
            data, problems = yaml_document.construct(node)
            if data is None and not problems:
                continue
            if isinstance(data, Mapping) and data.get("kind") == "ConfigMap":
                return mesh_config(_in_config_map(data), file)
            found, wrong = _read(data)
            return found, _diagnostics([*problems, *wrong], source)
    return default_mesh_config(), ()


def _in_config_map(data: Mapping[str, Any]) -> str:
    inner = data.get("data")
    mesh = inner.get(CONFIG_MAP_KEY) if isinstance(inner, Mapping) else None
    return mesh if isinstance(mesh, str) else ""


def mesh_config_of(config_map: ConfigMap) -> tuple[MeshConfig, tuple[Diagnostic, ...]]:
    """The mesh configuration that a ConfigMap holds; the default where it holds none."""
    found, diagnostics = mesh_config(config_map.data.get(CONFIG_MAP_KEY, ""), "")
    return found, tuple(msgspec.structs.replace(part, ref=config_map.ref) for part in diagnostics)


def proxy_defaults(text: str, base: ProxyDefaults) -> tuple[ProxyDefaults, tuple[Diagnostic, ...]]:
    """The settings of proxies with those of the annotation proxy.istio.io/config on top."""
    nodes, broken = yaml_document.compose(text)
    source = Source("", 1, text)
    if broken is not None:
        return base, _diagnostics([broken], source)
    data, problems = yaml_document.construct(nodes[0]) if nodes else ({}, [])
    if not isinstance(data, Mapping):
        return base, _diagnostics([*problems, Problem("wrong-type", "must be of type object", "write fields")], source)
    context = Context(loose=True)
    present = messages.fields(ProxyDefaults, data, None, context)
    for name, value in present.items():
        before = getattr(base, name)
        if isinstance(value, dict) and isinstance(before, dict):
            present[name] = FrozenMap({**before, **value})
    return _on_top(base, present), _diagnostics([*problems, *context.problems], source)


def _on_top(base: ProxyDefaults, present: Mapping[str, Any]) -> ProxyDefaults:
    """`base` with fields replaced; the other members of a oneof give way."""
    cleared = {
        other: None for group in ProxyDefaults.ONEOFS if any(name in present for name in group) for other in group
    }
    return msgspec.structs.replace(base, **{**cleared, **present})


def _text(text: str | bytes) -> tuple[str, Problem | None]:
    if len(text) > LARGEST_FILE:
        return "", Problem("too-large", "the file is too large", line=1, column=1)
    if isinstance(text, str):
        return text, None
    try:
        return text.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        return "", Problem("encoding", f"the file is not UTF-8: {error.reason}", "save it as UTF-8", line=1, column=1)


def _read(data: Any) -> tuple[MeshConfig, list[Problem]]:
    if not isinstance(data, Mapping):
        hint = "write fields of MeshConfig, such as accessLogFile: /dev/stdout"
        return default_mesh_config(), [Problem("no-object", "the document is no mesh configuration", hint)]
    context = Context(loose=True)
    present = messages.fields(MeshConfig, data, None, context)
    _complete(present)
    found = MeshConfig(**present)
    findings = Findings()
    if not any(problem.severity is Severity.ERROR for problem in context.problems):
        validation.check(findings, found)
    return found, [*context.problems, *findings.problems]


def _complete(present: dict[str, Any]) -> None:
    """What does not simply replace its default: proxies' settings decode onto theirs by themselves."""
    providers = {provider.name: provider for provider in BUILT_IN_PROVIDERS}
    providers.update({provider.name: provider for provider in present.get("extension_providers", ())})
    present["extension_providers"] = tuple(providers.values())
    if "trust_domain_aliases" in present:
        present["trust_domain_aliases"] = tuple(sorted(set(present["trust_domain_aliases"])))
    settings: ProxyDefaults | None = present.get("default_config")
    if settings is not None and settings.tracing_service_name is not None and settings.service_cluster is not None:
        present["default_config"] = msgspec.structs.replace(settings, service_cluster=None)


def _diagnostics(problems: list[Problem], source: Source) -> tuple[Diagnostic, ...]:
    if not problems:
        return ()
    placed = source.positions([problem.field for problem in problems])
    return tuple(
        Diagnostic(
            severity=problem.severity,
            code=problem.code,
            message=problem.message,
            hint=problem.hint,
            file=source.file,
            line=source.line + problem.line - 1 if problem.line else line,
            column=problem.column if problem.line else column,
            field=problem.field,
        )
        for problem, (line, column) in zip(problems, placed, strict=True)
    )
