# SPDX-License-Identifier: Apache-2.0
"""Ingress (networking.k8s.io/v1): routes from outside in Kubernetes' own terms."""

from typing import ClassVar

from lateen.model.core.service import LoadBalancerStatus
from lateen.model.message import Message
from lateen.model.resource import Resource, ResourceType
from lateen.model.schema import Int32


class ServiceBackendPort(Message, frozen=True, kw_only=True):
    """A port of a service: by name or by number."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    number: Int32 = 0


class IngressServiceBackend(Message, frozen=True, kw_only=True):
    """A service of the Ingress' namespace."""

    OPEN: ClassVar[bool] = True

    name: str = ""
    port: ServiceBackendPort = ServiceBackendPort()


class IngressBackend(Message, frozen=True, kw_only=True):
    """Where requests go."""

    OPEN: ClassVar[bool] = True

    service: IngressServiceBackend | None = None


class HTTPIngressPath(Message, frozen=True, kw_only=True):
    """One path of a host."""

    OPEN: ClassVar[bool] = True

    path: str = ""
    path_type: str = ""
    """Exact, Prefix (whole path elements) or ImplementationSpecific."""
    backend: IngressBackend = IngressBackend()


class HTTPIngressRuleValue(Message, frozen=True, kw_only=True):
    """The paths of a host."""

    OPEN: ClassVar[bool] = True

    paths: tuple[HTTPIngressPath, ...] = ()


class IngressRule(Message, frozen=True, kw_only=True):
    """One host."""

    OPEN: ClassVar[bool] = True

    host: str = ""
    """DNS name, with an optional leading wildcard; every host when empty."""
    http: HTTPIngressRuleValue | None = None


class IngressTLS(Message, frozen=True, kw_only=True):
    """A certificate for some hosts."""

    OPEN: ClassVar[bool] = True

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(Message, frozen=True, kw_only=True):
    """Routes from outside."""

    OPEN: ClassVar[bool] = True

    ingress_class_name: str = ""
    """Name of the IngressClass."""
    default_backend: IngressBackend | None = None
    """Where requests go that no rule names."""
    tls: tuple[IngressTLS, ...] = ()
    rules: tuple[IngressRule, ...] = ()


class IngressStatus(Message, frozen=True, kw_only=True):
    """Where the Ingress takes traffic."""

    OPEN: ClassVar[bool] = True

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Ingress(Resource, frozen=True, kw_only=True):
    """Routes from outside in Kubernetes' own terms."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.k8s.io", kind="Ingress", plural="ingresses", versions=("v1",), short_names=("ing",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: IngressSpec = IngressSpec()
    status: IngressStatus = IngressStatus()
