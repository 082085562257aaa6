# SPDX-License-Identifier: Apache-2.0
"""The pod that a template is written for, with everything that the template asks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from lateen.inject import annotation
from lateen.inject.document import INIT, PROXY, VALIDATION, Document, annotations_of, containers, labels_of
from lateen.inject.owner import Owner
from lateen.inject.settings import Settings
from lateen.model.mesh.proxy_defaults import ProxyDefaults


@dataclass(frozen=True)
class Target:
    """A pod as it was before any injection, its owner, and the settings that hold for it."""

    pod: Document
    owner: Owner
    settings: Settings
    proxy_config: ProxyDefaults
    """The mesh's, with the annotation proxy.istio.io/config on top."""

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        """The pod's annotations."""
        return annotations_of(self.pod)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The pod's labels."""
        return labels_of(self.pod)

    @cached_property
    def application_containers(self) -> list[Document]:
        """The pod's own containers, without what it says of the proxy's."""
        return [container for container in containers(self.pod, "containers") if container.get("name") != PROXY]

    def annotation(self, name: str, default: str) -> str:
        """The annotation, even if it is empty; else the default."""
        return self.annotations.get(name, default)

    def number(self, name: str, default: int) -> int:
        """The annotation, which has been checked, as a number; else the default."""
        return int(self.annotations.get(name, str(default)).strip())

    @property
    def is_native(self) -> bool:
        """Whether the sidecar is an init container that keeps running."""
        word = self.annotations.get(annotation.NATIVE_SIDECAR) or str(self.settings.native_sidecars).lower()
        return word != "false"

    @property
    def init_container_name(self) -> str:
        """Of the container that redirects traffic, or checks that a node agent does."""
        return VALIDATION if self.settings.cni else INIT

    @property
    def interception_mode(self) -> str:
        """REDIRECT, TPROXY or NONE."""
        return self.annotation(annotation.INTERCEPTION_MODE, self.proxy_config.interception_mode.value)

    @property
    def status_port(self) -> int:
        """Where the agent of this proxy answers; 0 for not at all."""
        return self.number(annotation.STATUS_PORT, self.settings.status_port)

    @property
    def holds_application(self) -> bool:
        """Whether the application's containers wait for the proxy."""
        return bool(
            self.proxy_config.hold_application_until_proxy_starts or self.settings.hold_application_until_proxy_starts
        )

    @property
    def network(self) -> str:
        """The network that the pod is in, empty for the only one."""
        return self.labels.get(annotation.NETWORK, self.settings.network)
