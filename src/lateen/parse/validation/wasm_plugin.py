# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a WasmPlugin."""

import re
from typing import Final

from lateen.model.extensions.traffic_extension import WasmConfig
from lateen.model.extensions.wasm_plugin import EnvValueSource, TrafficSelector, VmConfig, WasmPlugin, WasmPluginSpec
from lateen.model.url import url_scheme
from lateen.parse.validation import selector
from lateen.parse.validation.findings import Findings

_HASH: Final = re.compile("[a-f0-9]{64}")
_SCHEMES: Final = ("", "file", "http", "https", "oci")


def check(findings: Findings, found: WasmPlugin) -> None:
    """A WasmPlugin."""
    spec = found.spec
    selector.check_targets(findings, spec.selector, spec.target_ref, spec.target_refs)
    check_module(findings, "spec", spec)
    check_match(findings, "spec.match", spec.match)


def check_module(findings: Findings, field: str, module: WasmPluginSpec | WasmConfig) -> None:
    """A WebAssembly module and its settings."""
    findings.expect(f"{field}.url", module_url(module.url), "write oci://registry/image:tag, https:// or file://")
    if module.sha256:
        place = f"{field}.sha256"
        if len(module.sha256) != 64:
            findings.error(place, "sha256 field must be 64 characters long", "write the whole hash in hex")
        elif not _HASH.fullmatch(module.sha256):
            message = "sha256 field must match [a-f0-9]{64} pattern"
            findings.error(place, message, "write the hash in lower-case hex")
    if len(module.image_pull_secret) > 253:
        message = "imagePullSecret field must be less than 253 characters long"
        findings.error(f"{field}.imagePullSecret", message)
    if len(module.plugin_name) > 256:
        findings.error(f"{field}.pluginName", "pluginName field must be less than 255 characters long")
    _check_environment(findings, f"{field}.vmConfig.env", module.vm_config)


def module_url(url: str) -> str | None:
    """Where a module is; without a scheme an image."""
    if not url:
        return "url field needs to be set"
    scheme = url_scheme(url)
    if scheme is None:
        scheme = url_scheme(f"http://{url}")
    if scheme is None:
        return f'failed to parse url: parse "{url}": invalid URI for request'
    return None if scheme in _SCHEMES else f"url contains unsupported scheme: {scheme}"


def _check_environment(findings: Findings, field: str, config: VmConfig | None) -> None:
    seen: set[str] = set()
    for index, variable in enumerate(config.env if config is not None else ()):
        place = f"{field}[{index}]"
        if not variable.name:
            findings.error(f"{place}.name", "spec.vmConfig.env invalid", "name the variable")
            return
        if len(variable.name) > 256:
            findings.error(f"{place}.name", "env.name field must be less than 255 characters long")
        if len(variable.value) > 2048:
            findings.error(f"{place}.value", "env.value field must be less than 2048 characters long")
        if variable.value_from is EnvValueSource.HOST and variable.value:
            message = "value may only be set when valueFrom is INLINE"
            findings.error(f"{place}.value", message, "remove value, or valueFrom")
        if variable.name in seen:
            findings.error(f"{place}.name", f"duplicate env {variable.name}", "keep one of them")
        seen.add(variable.name)


def check_match(findings: Findings, field: str, match: tuple[TrafficSelector, ...]) -> None:
    """Traffic that a plugin applies to."""
    for index, part in enumerate(match):
        for number, port in enumerate(part.ports):
            if not 0 < port.number <= 65535:
                message = f"spec.Match[{index}].Ports[{number}] is out of range: {port.number}"
                findings.error(f"{field}[{index}].ports[{number}].number", message, "write a number from 1 to 65535")
