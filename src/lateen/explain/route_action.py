# SPDX-License-Identifier: Apache-2.0
"""What a matched route does: forward to a cluster, redirect, answer, or leave the answer to a filter."""

from __future__ import annotations

from typing import Any as Message

from msgspec import Struct

from lateen.explain import redirect, rewrite, weighted_cluster
from lateen.explain.decision import (
    Action,
    DirectResponse,
    Forward,
    HeaderMutation,
    Mirror,
    NonForwarding,
    Redirect,
    Retry,
    Share,
)
from lateen.explain.fraction import runtime_fraction
from lateen.explain.header_mutation import request_mutations, response_mutations
from lateen.explain.http_view import HttpView
from lateen.explain.route_match import RouteMatch

_DEFAULT_TIMEOUT = 15.0
_MISSING_CLUSTER_STATUS = (503, 404, 500)
_LB = "envoy.lb"


class Levels(Struct, frozen=True):
    """The route and what it lies in."""

    route: Message
    host: Message
    table: Message

    def messages(self, weight: Message | None = None) -> list[tuple[str, Message]]:
        """Each with its name, in the order in which their header changes are made."""
        levels = [("route", self.route), ("virtual host", self.host), ("route table", self.table)]
        if self.table.most_specific_header_mutations_wins:
            levels.reverse()
        return levels if weight is None else [("weighted cluster", weight), *levels]


def action_of(levels: Levels, match: RouteMatch, view: HttpView) -> Action:
    """The action of a route that has matched."""
    route = levels.route
    match route.WhichOneof("action"):
        case "route":
            return _forward(levels, match, view)
        case "redirect":
            return Redirect(
                redirect.status(route.redirect),
                redirect.location(route.redirect, view, match.path),
                response_mutations(levels.messages(), view, route.name),
            )
        case "direct_response":
            status = route.direct_response.status
            return DirectResponse(
                status,
                route.direct_response.body.inline_string
                or route.direct_response.body.inline_bytes.decode("utf-8", "replace"),
                response_mutations(levels.messages(), view, route.name),
                redirect.unchanged(view) if status == 201 or 300 <= status < 400 else "",
            )
    return NonForwarding()


def _forward(levels: Levels, match: RouteMatch, view: HttpView) -> Forward:
    action = levels.route.route
    cluster, shares, weight = _cluster(action, view)
    headers: tuple[HeaderMutation, ...]
    headers, sent = request_mutations(levels.messages(weight), view, levels.route.name)
    path, authority = rewrite.path(action, sent, match.path), rewrite.authority(action, sent, weight)
    rewritten = {":path": [path]} | ({name: [authority] for name in (":authority", "host")} if authority else {})
    status = action.cluster_not_found_response_code
    return Forward(
        cluster=cluster,
        specifier=action.WhichOneof("cluster_specifier") or "",
        shares=shares,
        path=path,
        authority=authority,
        timeout=_seconds(action, "timeout", _DEFAULT_TIMEOUT) or 0.0,
        idle_timeout=_seconds(action, "idle_timeout", None),
        max_stream_duration=_seconds(action.max_stream_duration, "max_stream_duration", None),
        retry=_retry(action, levels.host),
        mirrors=_mirrors(levels, view),
        headers=headers,
        response_headers=response_mutations(levels.messages(weight), sent.having(rewritten), levels.route.name),
        metadata_match=_metadata_match(action, weight),
        missing_cluster_status=_MISSING_CLUSTER_STATUS[status] if status < len(_MISSING_CLUSTER_STATUS) else 503,
    )


def _cluster(action: Message, view: HttpView) -> tuple[str, tuple[Share, ...], Message | None]:
    """The cluster (empty if left open), the possible ones, and the chosen entry if there are weights."""
    match action.WhichOneof("cluster_specifier"):
        case "cluster":
            return action.cluster, (Share(action.cluster, 1.0),), None
        case "cluster_header":
            name = next(iter(view.values(action.cluster_header)), "")
            return name, (Share(name, 1.0),), None
        case "weighted_clusters":
            return _weighted(action.weighted_clusters, view)
    return "", (), None


def _weighted(weighted: Message, view: HttpView) -> tuple[str, tuple[Share, ...], Message | None]:
    random = view.request.random
    if weighted.WhichOneof("random_value_specifier") == "header_name":
        values = view.values(weighted.header_name)
        if len(values) == 1 and values[0].strip().isdecimal():
            random = int(values[0])
    names = [e.name or next(iter(view.values(e.cluster_header)), "") for e in weighted.clusters]
    weights = weighted_cluster.weights_of(weighted, view.request.runtime)
    shares = weighted_cluster.shares(names, weights)
    chosen = weighted_cluster.choose(weights, random)
    if chosen is None and len(names) == 1:
        chosen = 0
    return ("", shares, None) if chosen is None else (names[chosen], shares, weighted.clusters[chosen])


def _seconds(message: Message, field: str, default: float | None) -> float | None:
    if not message.HasField(field):
        return default
    return float(getattr(message, field).ToTimedelta().total_seconds())


def _retry(action: Message, host: Message) -> Retry | None:
    """The route's policy, else the virtual host's."""
    if action.HasField("retry_policy"):
        policy = action.retry_policy
    elif host.HasField("retry_policy"):
        policy = host.retry_policy
    else:
        return None
    attempts = policy.num_retries.value if policy.HasField("num_retries") else 1
    per_try = _seconds(policy, "per_try_timeout", None)
    return Retry(attempts, policy.retry_on, per_try, tuple(policy.retriable_status_codes))


def _mirrors(levels: Levels, view: HttpView) -> tuple[Mirror, ...]:
    """The mirror policies of the most specific level that has any."""
    for level in (levels.route.route, levels.host, levels.table):
        if level.request_mirror_policies:
            return tuple(_mirror(policy, view) for policy in level.request_mirror_policies)
    return ()


def _mirror(policy: Message, view: HttpView) -> Mirror:
    name = policy.cluster or next(iter(view.values(policy.cluster_header)), "")
    share = 1.0
    if policy.HasField("runtime_fraction"):
        share = runtime_fraction(policy.runtime_fraction, view.request.runtime).share
    return Mirror(name, share)


def _metadata_match(action: Message, weight: Message | None) -> tuple[tuple[str, str], ...]:
    """The subset that the route asks for; the weighted cluster's wishes win over the route's."""
    wanted: dict[str, str] = {}
    for source in (action, weight):
        if source is not None and _LB in source.metadata_match.filter_metadata:
            wanted |= lb_values(source.metadata_match)
    return tuple(sorted(wanted.items()))


def lb_values(metadata: Message) -> dict[str, str]:
    """The `envoy.lb` values of a Metadata message, as texts that can be compared."""
    if _LB not in metadata.filter_metadata:
        return {}
    return {k: value_text(v) for k, v in metadata.filter_metadata[_LB].fields.items()}


def value_text(value: Message) -> str:
    """A google.protobuf.Value as text: equal values have equal texts, and values of different types do not."""
    match value.WhichOneof("kind"):
        case "string_value":
            return str(value.string_value)
        case "number_value":
            return f"number {value.number_value:g}"
        case "bool_value":
            return f"bool {str(value.bool_value).lower()}"
        case "list_value":
            return "list " + ", ".join(map(value_text, value.list_value.values))
        case "struct_value":
            fields = sorted(value.struct_value.fields.items())
            return "struct " + ", ".join(f"{k}={value_text(v)}" for k, v in fields)
    return "null"
