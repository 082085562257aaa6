# SPDX-License-Identifier: Apache-2.0
"""Conditions on claims of a verified JSON Web Token, written as a header `@request.auth.claims…` of a match."""

from envoy.type.matcher.v3.metadata_pb2 import MetadataMatcher
from envoy.type.matcher.v3.value_pb2 import ListMatcher, OrMatcher, ValueMatcher

from lateen.envoy.string_matcher import string_matcher
from lateen.model.networking.http_match import StringMatch

CLAIMS_HEADER = "@request.auth.claims"
"""What a header's name begins with (in any letter case) to mean a claim."""

JWT_FILTER = "envoy.filters.http.jwt_authn"
"""The filter that puts the claims of the token it verified into dynamic metadata, under `payload`."""

PAYLOAD = "payload"


def claim_path(header: str) -> tuple[str, ...] | None:
    """The names of the nested claims that a header's name means: `@request.auth.claims.a.b` and
    `@request.auth.claims[a][b]` both mean a, then b. None if it is an ordinary header or malformed."""
    if not header.lower().startswith(CLAIMS_HEADER):
        return None
    name = header[len(CLAIMS_HEADER) :]
    if name.startswith(".") and len(name) > 1:
        return tuple(name[1:].split("."))
    if len(name) > 2 and name.startswith("[") and name.endswith("]"):
        return tuple(name[1:-1].split("]["))
    return None


def claim_matcher(claims: tuple[str, ...], match: StringMatch, *, invert: bool = False) -> MetadataMatcher:
    """The claim is `match`, or is a list in which one element is. With `invert`, neither holds."""
    value = ValueMatcher(string_match=string_matcher(match))
    element = ValueMatcher(list_match=ListMatcher(one_of=value))
    return MetadataMatcher(
        filter=JWT_FILTER,
        path=[MetadataMatcher.PathSegment(key=key) for key in (PAYLOAD, *claims)],
        value=ValueMatcher(or_match=OrMatcher(value_matchers=[element, value])),
        invert=invert,
    )
