# SPDX-License-Identifier: Apache-2.0
"""envoy.extensions.filters.http.cors.v3.CorsPolicy: preflight requests that the proxy answers by itself."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.fraction import runtime_fraction
from lateen.explain.http_view import HttpView
from lateen.explain.string_match import string_condition


def answers_preflight(policy: Message, view: HttpView) -> bool:
    """Whether the request is a preflight that the policy answers (with 200) instead of the upstream."""
    origin = view.header("origin")
    is_preflight = view.method == "OPTIONS" and bool(view.header("access-control-request-method"))
    if not origin or not is_preflight or not _enabled(policy, view):
        return False
    if any(string_condition(m).matches(origin) for m in policy.allow_origin_string_match):
        return True
    keeps = policy.HasField("forward_not_matching_preflights") and not policy.forward_not_matching_preflights.value
    return bool(keeps)


def _enabled(policy: Message, view: HttpView) -> bool:
    if not policy.HasField("filter_enabled"):
        return True
    return runtime_fraction(policy.filter_enabled, view.request.runtime).hits(view.request.random)
