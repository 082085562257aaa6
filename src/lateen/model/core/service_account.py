# SPDX-License-Identifier: Apache-2.0
"""ServiceAccount (v1): the identity of workloads."""

from typing import ClassVar

from lateen.model.resource import Resource, ResourceType


class ServiceAccount(Resource, frozen=True, kw_only=True):
    """The identity of workloads."""

    OPEN: ClassVar[bool] = True
    TYPE: ClassVar[ResourceType] = ResourceType(
        group="", kind="ServiceAccount", plural="serviceaccounts", versions=("v1",), short_names=("sa",)
    )

    api_version: str = TYPE.api_version
    kind: str = TYPE.kind
