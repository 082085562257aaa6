# SPDX-License-Identifier: Apache-2.0
"""Objects of config.istio.io/v1alpha2, the API before Istio 0.8."""

from collections.abc import Mapping
from typing import Any, Final

from lateen.model.resource import Resource
from lateen.parse.text.problem import Problem

GROUP: Final = "config.istio.io"


def read(data: Mapping[str, Any], default_namespace: str, loose: bool) -> tuple[Resource | None, list[Problem]]:
    """The modern object that a legacy one stands for."""
    return None, []
