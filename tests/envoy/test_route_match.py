# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from lateen.envoy.jwt_claim_matcher import claim_path
from lateen.envoy.route_match import is_catch_all, route_match
from lateen.model.message import FrozenMap
from lateen.model.networking.http_match import HTTPMatchRequest, StringMatch

ANY_VALUE = FrozenMap({"x": StringMatch()})


@pytest.mark.parametrize(
    ("match", "catches_all"),
    [
        (None, True),
        (HTTPMatchRequest(), True),
        (HTTPMatchRequest(uri=StringMatch(prefix="/")), True),
        (HTTPMatchRequest(uri=StringMatch(regex=".*")), True),
        (HTTPMatchRequest(uri=StringMatch()), True),
        (HTTPMatchRequest(uri=StringMatch(prefix="")), False),
        (HTTPMatchRequest(uri=StringMatch(exact="/")), False),
        (HTTPMatchRequest(uri=StringMatch(regex="/.*")), False),
        (HTTPMatchRequest(method=StringMatch(exact="GET")), False),
        (HTTPMatchRequest(headers=ANY_VALUE), False),
        (HTTPMatchRequest(without_headers=ANY_VALUE), False),
        (HTTPMatchRequest(query_params=ANY_VALUE), False),
        (HTTPMatchRequest(headers=FrozenMap({"@request.auth.claims.sub": StringMatch(exact="a")})), False),
    ],
)
def test_what_every_request_meets(match: HTTPMatchRequest | None, catches_all: bool) -> None:
    assert is_catch_all(route_match(match)) is catches_all


def test_headers_are_sorted_and_pseudo_headers_follow() -> None:
    match = HTTPMatchRequest(
        headers=FrozenMap({"x-z": StringMatch(exact="1"), "x-b": StringMatch()}),
        without_headers=FrozenMap({"x-c": StringMatch(prefix="a"), "x-a": StringMatch(regex="*")}),
        method=StringMatch(exact="PUT"),
        authority=StringMatch(exact="a"),
        scheme=StringMatch(exact="https"),
    )
    found = route_match(match).headers
    assert [h.name for h in found] == ["x-a", "x-b", "x-c", "x-z", ":method", ":authority", ":scheme"]
    absent, present, not_prefixed, *_ = found
    assert (absent.present_match, absent.invert_match, absent.treat_missing_header_as_empty) == (True, True, False)
    assert (present.present_match, present.invert_match) == (True, False)
    assert (not_prefixed.invert_match, not_prefixed.treat_missing_header_as_empty) == (True, True)


def test_letter_case_counts_unless_ignored() -> None:
    assert route_match(HTTPMatchRequest()).case_sensitive.value
    assert not route_match(HTTPMatchRequest(ignore_uri_case=True)).case_sensitive.value
    assert not route_match(None).HasField("case_sensitive")


@pytest.mark.parametrize(
    ("prefix", "specifier", "path"),
    [("/a", "path_separated_prefix", "/a"), ("/a/", "path_separated_prefix", "/a"), ("/", "prefix", "/")],
)
def test_prefixes_of_whole_segments(prefix: str, specifier: str, path: str) -> None:
    message = route_match(HTTPMatchRequest(uri=StringMatch(prefix=prefix)), whole_segments=True)
    assert message.WhichOneof("path_specifier") == specifier
    assert getattr(message, specifier) == path


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ("@request.auth.claims.sub", ("sub",)),
        ("@request.auth.claims.group.id", ("group", "id")),
        ("@request.auth.claims[group][id]", ("group", "id")),
        ("@Request.Auth.Claims[a.b]", ("a.b",)),
        ("@request.auth.claims", None),
        ("@request.auth.claims.", None),
        ("@request.auth.claims[]", None),
        ("@request.auth.claimsub", None),
        ("x-request.auth.claims.sub", None),
    ],
)
def test_claims_in_the_name_of_a_header(header: str, claims: tuple[str, ...] | None) -> None:
    assert claim_path(header) == claims


def test_a_claim_is_the_value_or_an_element_of_a_list() -> None:
    match = HTTPMatchRequest(without_headers=FrozenMap({"@request.auth.claims.role": StringMatch(exact="guest")}))
    (claim,) = route_match(match).dynamic_metadata
    assert claim.invert
    assert [segment.key for segment in claim.path] == ["payload", "role"]
    element, value = claim.value.or_match.value_matchers
    assert element.list_match.one_of.string_match.exact == value.string_match.exact == "guest"
