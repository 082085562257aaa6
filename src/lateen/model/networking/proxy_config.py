# SPDX-License-Identifier: Apache-2.0
"""ProxyConfig: settings of the proxies of a namespace or workload (networking.istio.io)."""

from typing import Annotated, ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import Number, Text
from lateen.model.selector import WorkloadSelector


class ProxyImage(Message, frozen=True, kw_only=True):
    """Which build of the proxy runs."""

    image_type: str = ""
    """Suffix of the image: default, debug, distroless."""


class ProxyConfigSpec(Message, frozen=True, kw_only=True):
    """Settings read when a proxy starts."""

    selector: WorkloadSelector | None = None
    """Workloads of this namespace; all of them when left out."""
    concurrency: Annotated[int, Number("int32", 0)] | None = None
    """Worker threads; one per core when 0."""
    environment_variables: dict[str, Annotated[str, Text(max_length=2048)]] = msgspec.field(default_factory=FrozenMap)
    """Environment of the proxy."""
    image: ProxyImage | None = None
    """Which build runs."""


class ProxyConfig(Resource, frozen=True, kw_only=True):
    """Settings of the proxies of a namespace or workload."""

    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.istio.io",
        kind="ProxyConfig",
        plural="proxyconfigs",
        versions=("v1beta1",),
        categories=("istio-io", "networking-istio-io"),
        status=True,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: ProxyConfigSpec = ProxyConfigSpec()
