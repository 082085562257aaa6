# SPDX-License-Identifier: Apache-2.0
"""The conditions under which an HTTP route applies."""

from typing import ClassVar

import msgspec

from lateen.model.message import FrozenMap, Message
from lateen.model.schema import UInt32


class StringMatch(Message, frozen=True, kw_only=True):
    """How a string must look; case-sensitive. Exactly one of the three, or for headers none: present at all."""

    ONEOFS: ClassVar[tuple[tuple[str, ...], ...]] = (("exact", "prefix", "regex"),)

    exact: str | None = None
    """The whole string."""
    prefix: str | None = None
    """The beginning of the string."""
    regex: str | None = None
    """An RE2 expression for the whole string."""


class HTTPMatchRequest(Message, frozen=True, kw_only=True):
    """Conditions on a request; all of those given must hold."""

    name: str = ""
    """Name of this match; appears with the route's name in access logs."""
    uri: StringMatch | None = None
    """Condition on the path without the query."""
    scheme: StringMatch | None = None
    """Condition on the scheme of the URI."""
    method: StringMatch | None = None
    """Condition on the HTTP method."""
    authority: StringMatch | None = None
    """Condition on the Host or :authority header."""
    headers: dict[str, StringMatch] = msgspec.field(default_factory=FrozenMap)
    """Conditions on headers by lower-case name; an empty condition asks for the header to be present. `uri`, `scheme`,
    `method` and `authority` are ignored here."""
    port: UInt32 = 0
    """Port of the host that the client called; may be left out where the service has only one."""
    source_labels: dict[str, str] = msgspec.field(default_factory=FrozenMap)
    """Labels of the calling workload. Ignored on gateways."""
    gateways: tuple[str, ...] = ()
    """Gateways on which this match applies, in place of those of the VirtualService."""
    query_params: dict[str, StringMatch] = msgspec.field(default_factory=FrozenMap)
    """Conditions on query parameters by name."""
    ignore_uri_case: bool = False
    """Whether `uri` ignores case; for exact and prefix matches only."""
    without_headers: dict[str, StringMatch] = msgspec.field(default_factory=FrozenMap)
    """Conditions on headers that must not hold; an empty condition asks for the header to be absent."""
    source_namespace: str = ""
    """Namespace of the calling workload. Ignored on gateways."""
    stat_prefix: str = ""
    """Prefix of the statistics of this route; empty for none."""
