# SPDX-License-Identifier: Apache-2.0
"""Which Ingresses are the mesh's to serve (MeshConfig ingressControllerMode, ingressClass; IngressClass)."""

from __future__ import annotations

from lateen.compile.mesh import mesh
from lateen.incremental.engine import Engine, query
from lateen.model.core.ingress import Ingress
from lateen.model.mesh_config import IngressControllerMode
from lateen.state import inputs

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
CONTROLLER = "istio.io/ingress-controller"
DEFAULT_CLASS = "istio"


@query
def served_ingresses(db: Engine) -> tuple[Ingress, ...]:
    """The Ingresses to serve, oldest first."""
    config = mesh(db)
    mode = config.ingress_controller_mode
    if mode is IngressControllerMode.OFF:
        return ()
    controllers = {c.name: c.spec.controller for c in inputs.ingress_classes(db, "all")}

    def serves(ingress: Ingress) -> bool:
        named = ingress.metadata.annotations.get(CLASS_ANNOTATION)
        if named is not None:
            return named == (config.ingress_class or DEFAULT_CLASS)
        if ingress.spec.ingress_class_name in controllers:
            return controllers[ingress.spec.ingress_class_name] == CONTROLLER
        return mode is IngressControllerMode.DEFAULT

    return tuple(ingress for ingress in inputs.ingresses(db, "all") if serves(ingress))
