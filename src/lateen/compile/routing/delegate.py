# SPDX-License-Identifier: Apache-2.0
"""Delegation: a root VirtualService hands some of its HTTP routes to VirtualServices without hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from lateen.model.message import FrozenMap
from lateen.model.networking.http_match import HTTPMatchRequest, StringMatch
from lateen.model.networking.http_route import HTTPRoute

T = TypeVar("T")


def merge_routes(root: HTTPRoute, leaves: Iterable[HTTPRoute]) -> Iterator[HTTPRoute]:
    """The routes of a delegate as they apply under the root's route.

    A route of the delegate that reaches beyond the root's conditions is left out, silently, as Istio does.
    """
    for leaf in leaves:
        merged = _merge_route(root, leaf)
        if merged is not None:
            yield merged


def _merge_route(root: HTTPRoute, leaf: HTTPRoute) -> HTTPRoute | None:
    match = _merge_matches(root.match, leaf.match)
    if match is None:
        return None
    return msgspec.structs.replace(
        leaf,
        name=_join(root.name, leaf.name),
        match=match,
        rewrite=_own(leaf.rewrite, root.rewrite),
        direct_response=_own(leaf.direct_response, root.direct_response),
        timeout=_own(leaf.timeout, root.timeout),
        retries=_own(leaf.retries, root.retries),
        fault=_own(leaf.fault, root.fault),
        mirror=_own(leaf.mirror, root.mirror),
        mirror_percent=_own(leaf.mirror_percent, root.mirror_percent),
        mirror_percentage=_own(leaf.mirror_percentage, root.mirror_percentage),
        mirrors=leaf.mirrors or root.mirrors,
        cors_policy=_own(leaf.cors_policy, root.cors_policy),
        headers=_own(leaf.headers, root.headers),
    )


def _merge_matches(
    roots: tuple[HTTPMatchRequest, ...], leaves: tuple[HTTPMatchRequest, ...]
) -> tuple[HTTPMatchRequest, ...] | None:
    """Every pair of a root's match and a leaf's that fit together; None if a leaf's match fits none of the root's."""
    if not roots or not leaves:
        return roots or leaves
    merged: list[HTTPMatchRequest] = []
    for leaf in leaves:
        fitting = [_merge_match(root, leaf) for root in roots if not _conflict(root, leaf)]
        if not fitting:
            return None
        merged += fitting
    return tuple(merged)


def _merge_match(root: HTTPMatchRequest, leaf: HTTPMatchRequest) -> HTTPMatchRequest:
    return msgspec.structs.replace(
        leaf,
        name=_join(root.name, leaf.name),
        uri=_own(leaf.uri, root.uri),
        scheme=_own(leaf.scheme, root.scheme),
        method=_own(leaf.method, root.method),
        authority=_own(leaf.authority, root.authority),
        headers=FrozenMap({**root.headers, **leaf.headers}),
        without_headers=FrozenMap({**root.without_headers, **leaf.without_headers}),
        query_params=FrozenMap({**root.query_params, **leaf.query_params}),
        port=leaf.port or root.port,
        source_labels=FrozenMap({**root.source_labels, **leaf.source_labels}),
        source_namespace=leaf.source_namespace or root.source_namespace,
        gateways=leaf.gateways or root.gateways,
        stat_prefix=leaf.stat_prefix or root.stat_prefix,
    )


def _conflict(root: HTTPMatchRequest, leaf: HTTPMatchRequest) -> bool:
    """Whether the leaf's match could hold where the root's does not."""
    pairs = [
        (root.uri, leaf.uri),
        (root.scheme, leaf.scheme),
        (root.method, leaf.method),
        (root.authority, leaf.authority),
        *((root.headers.get(name), match) for name, match in leaf.headers.items()),
        *((root.without_headers.get(name), match) for name, match in leaf.without_headers.items()),
        *((root.query_params.get(name), match) for name, match in leaf.query_params.items()),
    ]
    if any(_strings_conflict(*pair) for pair in pairs):
        return True
    if root.ignore_uri_case != leaf.ignore_uri_case:
        return True
    if root.port and leaf.port and root.port != leaf.port:
        return True
    # A leaf that leaves out the namespace conflicts too, though it would inherit it: so Istio decides.
    if root.source_namespace and leaf.source_namespace != root.source_namespace:
        return True
    if any(root.source_labels.get(name, value) != value for name, value in leaf.source_labels.items()):
        return True
    return bool(root.gateways) and not set(leaf.gateways) <= set(root.gateways)


def _strings_conflict(root: StringMatch | None, leaf: StringMatch | None) -> bool:
    if root is None or leaf is None:
        return False
    if root.regex or leaf.regex:
        # Whether one expression covers another cannot be told.
        return True
    if root.exact:
        return bool(leaf.prefix) or leaf.exact != root.exact
    if root.prefix:
        inner = leaf.prefix or leaf.exact
        return not inner or not inner.startswith(root.prefix)
    return True


def _own(leaf: T | None, root: T | None) -> T | None:
    return root if leaf is None else leaf


def _join(root: str, leaf: str) -> str:
    return f"{root}-{leaf}" if root and leaf else root or leaf
