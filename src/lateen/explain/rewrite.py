# SPDX-License-Identifier: Apache-2.0
"""The path and the authority that the upstream sees: RouteAction's rewrites."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain import uri_template
from lateen.explain.any_message import unpack
from lateen.explain.http_view import HttpView, without_query
from lateen.explain.path_match import PathCondition
from lateen.explain.string_match import replace_all
from lateen.explain.substitution import substituted

_URI_TEMPLATE = "envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig"


def path(action: Message, view: HttpView, matched: PathCondition | None) -> str:
    """The rewritten path, with its query."""
    old = view.path or ""
    before = without_query(old)
    if action.prefix_rewrite and matched is not None:
        return str(action.prefix_rewrite) + old[len(matched.matched(view)) :]
    if action.HasField("regex_rewrite"):
        rewrite = action.regex_rewrite
        return replace_all(rewrite.pattern.regex, rewrite.substitution, before) + old[len(before) :]
    if action.HasField("path_rewrite_policy") and matched is not None:
        name, policy = unpack(action.path_rewrite_policy.typed_config)
        if policy is not None and name == _URI_TEMPLATE:
            after = uri_template.rewritten(matched.string.operand, policy.path_template_rewrite, before)
            return old if after is None else after + old[len(before) :]
    if action.path_rewrite:
        after = substituted(action.path_rewrite, view)
        return after + old[len(before) :] if after else old
    return old


def authority(action: Message, view: HttpView, weight: Message | None) -> str | None:
    """The rewritten authority; None where the chosen endpoint's host name is used (`auto_host_rewrite`).

    `weight`: the chosen entry of weighted clusters, whose own rewrite counts where the route's yields nothing.
    """
    new = ""
    match action.WhichOneof("host_rewrite_specifier"):
        case "host_rewrite_literal":
            new = action.host_rewrite_literal
        case "host_rewrite_header":
            new = next(iter(view.values(action.host_rewrite_header)), "")
        case "host_rewrite_path_regex":
            rewrite = action.host_rewrite_path_regex
            new = replace_all(rewrite.pattern.regex, rewrite.substitution, view.path_only)
        case "host_rewrite":
            new = substituted(action.host_rewrite, view, missing="-") or action.host_rewrite
        case "auto_host_rewrite":
            if action.auto_host_rewrite.value:
                return None
    if not new and weight is not None:
        new = weight.host_rewrite_literal
    return new or view.authority
