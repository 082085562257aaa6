# SPDX-License-Identifier: Apache-2.0
"""TrafficExtension: filters of one's own, in WebAssembly or Lua (extensions.istio.io)."""

import enum
from typing import Annotated, ClassVar

from lateen.model.extensions.wasm_plugin import (
    MODULE_URL,
    FailStrategy,
    PluginType,
    PullPolicy,
    TrafficSelector,
    VmConfig,
)
from lateen.model.message import Message
from lateen.model.resource import Column, Resource, ResourceType
from lateen.model.schema import JSON, REQUIRED, Int32, Items, Rule, Text, at_most_one
from lateen.model.selector import PolicyTargetReference, WorkloadSelector


class ExecutionPhase(enum.Enum):
    """Where in the chain a filter is inserted."""

    UNSPECIFIED = "UNSPECIFIED"
    """Before the router."""
    AUTHN = "AUTHN"
    """Before Istio's authentication filters."""
    AUTHZ = "AUTHZ"
    """Before Istio's authorization filters, after authentication."""
    STATS = "STATS"
    """Before Istio's statistics filters, after authorization."""


EXTENSION_URL = Rule(
    MODULE_URL.message,
    MODULE_URL.cel.replace('"oci", "file"', '"file", "oci"'),
    MODULE_URL.holds,
)


class WasmConfig(Message, frozen=True, kw_only=True):
    """A WebAssembly module."""

    url: Annotated[str, REQUIRED, Text(min_length=1), EXTENSION_URL] = ""
    """Where the module is: oci:// (the default), file://, http:// or https://."""
    sha256: Annotated[str, Text(pattern="(^$|^[a-f0-9]{64}$)")] = ""
    """SHA-256 of the module or image, in hex, that must agree."""
    image_pull_policy: PullPolicy = PullPolicy.UNSPECIFIED_POLICY
    """When the module is fetched."""
    image_pull_secret: Annotated[str, Text(min_length=1, max_length=253)] = ""
    """Secret with the credentials for the registry, in the same namespace."""
    verification_key: str = ""
    """Accepted and without effect, as in Istio."""
    plugin_config: JSON | None = None
    """Configuration passed to the plugin."""
    plugin_name: Annotated[str, Text(min_length=1, max_length=256)] = ""
    """Name of the plugin within the module (root id)."""
    fail_strategy: FailStrategy = FailStrategy.FAIL_CLOSE
    """What becomes of traffic when it fails."""
    vm_config: VmConfig | None = None
    """Settings of its virtual machine."""
    type: PluginType = PluginType.UNSPECIFIED_PLUGIN_TYPE
    """The kind of filter."""


class LuaConfig(Message, frozen=True, kw_only=True):
    """A Lua script."""

    inline_code: Annotated[str, REQUIRED, Text(min_length=1, max_length=65536)] = ""
    """The script, with envoy_on_request and envoy_on_response."""


class TrafficExtensionSpec(Message, frozen=True, kw_only=True):
    """A filter, and where it applies."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("wasm", "lua"),)
    RULES: ClassVar[tuple[Rule, ...]] = (
        at_most_one("only one of targetRefs or selector can be set", selector="selector", target_refs="targetRefs"),
        Rule(
            "exactly one of wasm or lua must be set",
            "has(self.wasm) != has(self.lua)",
            lambda spec: ("wasm" in spec) != ("lua" in spec),
        ),
    )

    selector: WorkloadSelector | None = None
    """Workloads of this namespace; all of them, or of the mesh when in the root namespace, when left out."""
    target_refs: Annotated[tuple[PolicyTargetReference, ...], Items(maximum=16)] = ()
    """Resources it is attached to, in place of a selector."""
    phase: ExecutionPhase = ExecutionPhase.UNSPECIFIED
    """Where in the chain it is inserted."""
    priority: Int32 | None = None
    """Order within the phase: higher ones first; 0 when left out."""
    match: tuple[TrafficSelector, ...] = ()
    """Traffic it applies to: one must match; all when empty."""
    wasm: WasmConfig | None = None
    """A WebAssembly module."""
    lua: LuaConfig | None = None
    """A Lua script."""


class TrafficExtension(Resource, frozen=True, kw_only=True):
    """Filters of one's own, in WebAssembly or Lua."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="extensions.istio.io",
        kind="TrafficExtension",
        plural="trafficextensions",
        versions=("v1alpha1",),
        categories=("istio-io", "extensions-istio-io"),
        columns=(Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: Annotated[TrafficExtensionSpec, REQUIRED] = TrafficExtensionSpec()
