# SPDX-License-Identifier: Apache-2.0
"""What Istio's validation webhook refuses and warns of, one module per kind."""

from lateen.model.resource import Resource
from lateen.parse.text.problem import Problem


def check(found: Resource) -> list[Problem]:
    """The problems of an object that decoded without error."""
    return []
