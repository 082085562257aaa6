# SPDX-License-Identifier: Apache-2.0
"""A reference to an object in core kinds."""

from typing import ClassVar

from lateen.model.message import Message


class ObjectReference(Message, frozen=True, kw_only=True):
    """Another object, by kind and name (v1 ObjectReference)."""

    OPEN: ClassVar[bool] = True

    api_version: str = ""
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
