# SPDX-License-Identifier: Apache-2.0
"""IngressClass (networking.k8s.io/v1): which controller serves an Ingress."""

from typing import ClassVar

from lateen.model.message import Message
from lateen.model.resource import Resource, ResourceType

DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"
ISTIO_CONTROLLER = "istio.io/ingress-controller"


class IngressClassSpec(Message, frozen=True, kw_only=True):
    """The controller."""

    OPEN: ClassVar[bool] = True

    controller: str = ""
    """Name of the controller; Istio's is istio.io/ingress-controller."""


class IngressClass(Resource, frozen=True, kw_only=True):
    """Which controller serves an Ingress."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="networking.k8s.io",
        kind="IngressClass",
        plural="ingressclasses",
        versions=("v1",),
        namespaced=False,
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
    spec: IngressClassSpec = IngressClassSpec()
