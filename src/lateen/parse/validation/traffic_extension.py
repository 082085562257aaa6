# SPDX-License-Identifier: Apache-2.0
"""What Istio's webhook checks of a TrafficExtension."""

from typing import Final

from lateen.model.extensions.traffic_extension import TrafficExtension
from lateen.parse.validation import selector, wasm_plugin
from lateen.parse.validation.findings import Findings

_LARGEST_SCRIPT: Final = 64 * 1024


def check(findings: Findings, found: TrafficExtension) -> None:
    """A TrafficExtension."""
    spec = found.spec
    selector.check_targets(findings, spec.selector, None, spec.target_refs)
    if (spec.wasm is None) == (spec.lua is None):
        findings.error("spec", "exactly one of wasm or lua must be set", "add wasm or lua")
    if spec.wasm is not None:
        wasm_plugin.check_module(findings, "spec.wasm", spec.wasm)
    if spec.lua is not None:
        place = "spec.lua.inlineCode"
        if not spec.lua.inline_code.strip():
            findings.error(place, "lua.inlineCode must be set", "add the script")
        elif len(spec.lua.inline_code.encode()) > _LARGEST_SCRIPT:
            findings.error(place, "lua.inlineCode exceeds maximum size of 64KB", "shorten it")
    wasm_plugin.check_match(findings, "spec.match", spec.match)
