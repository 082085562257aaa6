# SPDX-License-Identifier: Apache-2.0
"""WasmPlugin: filters of one's own, compiled to WebAssembly (extensions.istio.io)."""

import enum
from typing import Annotated, ClassVar

from lateen.model.message import Message
from lateen.model.resource import Column, Resource, ResourceType
from lateen.model.schema import JSON, REQUIRED, Int32, Items, ListKeys, Rule, Text
from lateen.model.selector import (
    ONE_TARGET,
    PolicyTargetReference,
    WorkloadMode,
    WorkloadPortSelector,
    WorkloadSelector,
)
from lateen.model.url import url_scheme


class PluginPhase(enum.Enum):
    """Where in the chain a filter is inserted."""

    UNSPECIFIED_PHASE = "UNSPECIFIED_PHASE"
    """Before the router."""
    AUTHN = "AUTHN"
    """Before Istio's authentication filters."""
    AUTHZ = "AUTHZ"
    """Before Istio's authorization filters, after authentication."""
    STATS = "STATS"
    """Before Istio's statistics filters, after authorization."""


class PluginType(enum.Enum):
    """The kind of filter."""

    UNSPECIFIED_PLUGIN_TYPE = "UNSPECIFIED_PLUGIN_TYPE"
    """As HTTP."""
    HTTP = "HTTP"
    """A filter of requests."""
    NETWORK = "NETWORK"
    """A filter of connections."""


class FailStrategy(enum.Enum):
    """What becomes of traffic when the plugin fails."""

    FAIL_CLOSE = "FAIL_CLOSE"
    """It is refused."""
    FAIL_OPEN = "FAIL_OPEN"
    """It passes without the plugin."""
    FAIL_RELOAD = "FAIL_RELOAD"
    """The plugin is started anew."""


class PullPolicy(enum.Enum):
    """When the module is fetched."""

    UNSPECIFIED_POLICY = "UNSPECIFIED_POLICY"
    """Always for images tagged `latest`, else if not present."""
    IfNotPresent = "IfNotPresent"
    """If it is not there yet."""
    Always = "Always"
    """Whenever the plugin changes."""


class EnvValueSource(enum.Enum):
    """Where a variable's value comes from."""

    INLINE = "INLINE"
    """From `value`."""
    HOST = "HOST"
    """From the proxy's environment."""


def _is_module_url(url: str) -> bool:
    scheme = url_scheme(url)
    if scheme is None:
        scheme = url_scheme(f"http://{url}")
    return scheme in ("", "http", "https", "oci", "file")


MODULE_URL = Rule(
    "url must have schema one of [http, https, file, oci]",
    'isURL(self) ? (url(self).getScheme() in ["", "http", "https", "oci", "file"]) : (isURL("http://" + self) &&\n'
    'url("http://" + self).getScheme() in ["", "http", "https", "oci", "file"])',
    _is_module_url,
)


class WasmEnvVar(Message, frozen=True, kw_only=True):
    """A variable of the plugin's environment."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "value may only be set when valueFrom is INLINE",
            '(has(self.valueFrom) ? self.valueFrom : "") != "HOST" || !has(self.value)',
            lambda env: env.get("value_from") is not EnvValueSource.HOST or "value" not in env,
        ),
    )

    name: Annotated[str, REQUIRED, Text(min_length=1, max_length=256)] = ""
    """Name of the variable."""
    value_from: EnvValueSource = EnvValueSource.INLINE
    """Where its value comes from."""
    value: Annotated[str, Text(max_length=2048)] = ""
    """Its value; for INLINE."""


class VmConfig(Message, frozen=True, kw_only=True):
    """Settings of the plugin's virtual machine."""

    env: Annotated[tuple[WasmEnvVar, ...], Items(maximum=256), ListKeys(("name",))] = ()
    """Environment of the plugin."""


class TrafficSelector(Message, frozen=True, kw_only=True):
    """Traffic by side and port; both must agree."""

    mode: WorkloadMode = WorkloadMode.UNDEFINED
    """Side of the proxy."""
    ports: Annotated[tuple[WorkloadPortSelector, ...], ListKeys(("number",))] = ()
    """Ports, of the service towards upstreams and of the workload else; all when empty."""


class WasmPluginSpec(Message, frozen=True, kw_only=True):
    """A filter, and where it applies."""

    RULES: ClassVar[tuple[Rule, ...]] = (ONE_TARGET,)

    selector: WorkloadSelector | None = None
    """Workloads of this namespace; all of them, or of the mesh when in the root namespace, when left out."""
    target_ref: PolicyTargetReference | None = None
    """The one resource it is attached to. Replaced by `targetRefs`."""
    target_refs: Annotated[tuple[PolicyTargetReference, ...], Items(maximum=16)] = ()
    """Resources it is attached to, in place of a selector."""
    url: Annotated[str, REQUIRED, Text(min_length=1), MODULE_URL] = ""
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
    phase: PluginPhase = PluginPhase.UNSPECIFIED_PHASE
    """Where in the chain it is inserted."""
    priority: Int32 | None = None
    """Order within the phase: higher ones first; 0 when left out."""
    fail_strategy: FailStrategy = FailStrategy.FAIL_CLOSE
    """What becomes of traffic when it fails."""
    vm_config: VmConfig | None = None
    """Settings of its virtual machine."""
    match: tuple[TrafficSelector, ...] = ()
    """Traffic it applies to: one must match; all when empty."""
    type: PluginType = PluginType.UNSPECIFIED_PLUGIN_TYPE
    """The kind of filter."""


class WasmPlugin(Resource, frozen=True, kw_only=True):
    """Filters of one's own, compiled to WebAssembly."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="extensions.istio.io",
        kind="WasmPlugin",
        plural="wasmplugins",
        versions=("v1alpha1",),
        categories=("istio-io", "extensions-istio-io"),
        columns=(Column("Age", ".metadata.creationTimestamp", "date", "Time since creation"),),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: Annotated[WasmPluginSpec, REQUIRED] = WasmPluginSpec()
