# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from lateen.compile.routing.delegate import merge_routes
from lateen.model.duration import seconds
from lateen.model.message import FrozenMap
from lateen.model.networking.destination import Destination
from lateen.model.networking.http_match import HTTPMatchRequest, StringMatch
from lateen.model.networking.http_policy import HTTPMirrorPolicy, Percent
from lateen.model.networking.http_route import HTTPDirectResponse, HTTPRoute

Match = HTTPMatchRequest


def exact(text: str) -> StringMatch:
    return StringMatch(exact=text)


def prefix(text: str) -> StringMatch:
    return StringMatch(prefix=text)


def merge(root: Match | None, leaf: Match | None) -> tuple[Match, ...] | None:
    routes = list(merge_routes(HTTPRoute(match=(root,) if root else ()), [HTTPRoute(match=(leaf,) if leaf else ())]))
    return routes[0].match if routes else None


@pytest.mark.parametrize(
    ("root", "leaf"),
    [
        (Match(uri=prefix("/a")), Match(uri=prefix("/b"))),
        (Match(uri=prefix("/a/b")), Match(uri=prefix("/a"))),
        (Match(uri=exact("/a")), Match(uri=prefix("/a"))),
        (Match(uri=exact("/a")), Match(uri=exact("/a/b"))),
        (Match(uri=prefix("/a")), Match(uri=StringMatch(regex="/a/.*"))),
        (Match(uri=StringMatch(regex="/a.*")), Match(uri=exact("/a"))),
        (Match(method=exact("GET")), Match(method=exact("PUT"))),
        (Match(headers=FrozenMap({"x": exact("1")})), Match(headers=FrozenMap({"x": exact("2")}))),
        (Match(query_params=FrozenMap({"q": prefix("a")})), Match(query_params=FrozenMap({"q": prefix("b")}))),
        (Match(ignore_uri_case=True), Match()),
        (Match(port=80), Match(port=8080)),
        (Match(source_namespace="plaza"), Match()),
        (Match(source_labels=FrozenMap({"app": "a"})), Match(source_labels=FrozenMap({"app": "b"}))),
        (Match(gateways=("plaza/a",)), Match(gateways=("plaza/a", "plaza/b"))),
    ],
)
def test_a_delegate_cannot_reach_beyond_the_root(root: Match, leaf: Match) -> None:
    assert merge(root, leaf) is None


@pytest.mark.parametrize(
    ("root", "leaf", "merged"),
    [
        (Match(uri=prefix("/a")), Match(uri=prefix("/a/b")), Match(uri=prefix("/a/b"))),
        (Match(uri=prefix("/a")), Match(uri=exact("/a")), Match(uri=exact("/a"))),
        (Match(uri=prefix("/a")), Match(method=exact("GET")), Match(uri=prefix("/a"), method=exact("GET"))),
        (Match(name="r"), Match(name="l"), Match(name="r-l")),
        (Match(port=80), Match(), Match(port=80)),
        (
            Match(headers=FrozenMap({"a": exact("1")})),
            Match(headers=FrozenMap({"b": exact("2")})),
            Match(headers=FrozenMap({"a": exact("1"), "b": exact("2")})),
        ),
        (Match(gateways=("plaza/a", "plaza/b")), Match(gateways=("plaza/a",)), Match(gateways=("plaza/a",))),
        (Match(gateways=("plaza/a",)), Match(), Match(gateways=("plaza/a",))),
        (Match(source_namespace="plaza"), Match(source_namespace="plaza"), Match(source_namespace="plaza")),
    ],
)
def test_a_delegate_narrows_the_root(root: Match, leaf: Match, merged: Match) -> None:
    assert merge(root, leaf) == (merged,)


def test_every_fitting_pair_of_matches_is_one_and_a_leaf_without_any_drops_the_route() -> None:
    root = HTTPRoute(match=(Match(uri=prefix("/a")), Match(uri=prefix("/a/b"))))
    both = HTTPRoute(name="both", match=(Match(uri=prefix("/a/b/c")),))
    lost = HTTPRoute(name="lost", match=(Match(uri=prefix("/a/b")), Match(uri=prefix("/z"))))
    merged = list(merge_routes(root, [both, lost]))
    assert [(r.name, len(r.match)) for r in merged] == [("both", 2)]


def test_the_root_supplies_what_the_leaf_leaves_open() -> None:
    there, here = Destination(host="there"), Destination(host="here")
    root = HTTPRoute(
        name="root",
        timeout=seconds(9),
        mirror=there,
        mirror_percentage=Percent(value=5),
        mirrors=(HTTPMirrorPolicy(destination=there),),
        direct_response=HTTPDirectResponse(status=200),
    )
    open_, own = merge_routes(root, [HTTPRoute(), HTTPRoute(name="own", timeout=seconds(1), mirror=here)])
    assert (open_.name, open_.timeout, open_.mirror, open_.direct_response) == (
        "root",
        seconds(9),
        there,
        root.direct_response,
    )
    # The percentage of the root applies to the mirror of the leaf, and its list of mirrors adds to it.
    assert (own.name, own.timeout, own.mirror) == ("root-own", seconds(1), here)
    assert (own.mirror_percentage, own.mirrors) == (root.mirror_percentage, root.mirrors)
