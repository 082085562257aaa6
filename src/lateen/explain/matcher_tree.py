# SPDX-License-Identifier: Apache-2.0
"""xDS matcher trees (xds.type.matcher.v3.Matcher): lists of predicates, and maps by value, prefix, address, name."""

from __future__ import annotations

from typing import Any as Message

from lateen.explain.address import contains, parse_ip, prefix
from lateen.explain.any_message import unpack
from lateen.explain.connection import Connection
from lateen.explain.http_view import HttpView
from lateen.explain.matcher_input import Subject, value
from lateen.explain.string_match import string_condition

_IP_MATCHER = "xds.type.matcher.v3.IPMatcher"
_SERVER_NAME_MATCHER = "xds.type.matcher.v3.ServerNameMatcher"


class MatcherTree:
    """One tree; `action` walks it."""

    def __init__(self, config: Message) -> None:
        self.config = config

    def action(self, subject: Connection | HttpView) -> Message | None:
        """The action (a TypedExtensionConfig) for a connection or a request, or None if nothing matches."""
        asked = Subject(connection=subject) if isinstance(subject, Connection) else Subject(view=subject)
        return _walk(self.config, asked)


def _walk(matcher: Message, subject: Subject) -> Message | None:
    kind = matcher.WhichOneof("matcher_type")
    if kind == "matcher_list":
        for field in matcher.matcher_list.matchers:
            if _holds(field.predicate, subject):
                found = _on_match(field.on_match, subject)
                if found is not None and not field.on_match.keep_matching:
                    return found
    elif kind == "matcher_tree":
        for branch in _branches(matcher.matcher_tree, subject):
            found = _on_match(branch, subject)
            if found is not None and not branch.keep_matching:
                return found
    return _on_match(matcher.on_no_match, subject) if matcher.HasField("on_no_match") else None


def _on_match(branch: Message, subject: Subject) -> Message | None:
    kind = branch.WhichOneof("on_match")
    if kind == "action":
        return branch.action
    return _walk(branch.matcher, subject) if kind == "matcher" else None


def _holds(predicate: Message, subject: Subject) -> bool:
    match predicate.WhichOneof("match_type"):
        case "single_predicate":
            single = predicate.single_predicate
            found = value(single.input, subject)
            if found is None or single.WhichOneof("matcher") != "value_match":
                return False
            return string_condition(single.value_match).matches(found)
        case "or_matcher":
            return any(_holds(p, subject) for p in predicate.or_matcher.predicate)
        case "and_matcher":
            return all(_holds(p, subject) for p in predicate.and_matcher.predicate)
        case "not_matcher":
            return not _holds(predicate.not_matcher, subject)
    return False


def _branches(tree: Message, subject: Subject) -> list[Message]:
    """The branches that the input selects, best first."""
    found = value(tree.input, subject)
    kind = tree.WhichOneof("tree_type")
    if found is None:
        return []
    if kind == "exact_match_map":
        return [tree.exact_match_map.map[found]] if found in tree.exact_match_map.map else []
    if kind == "prefix_match_map":
        entries = tree.prefix_match_map.map
        return [entries[p] for p in sorted(entries, key=len, reverse=True) if found.startswith(p)]
    if kind == "custom_match":
        name, matcher = unpack(tree.custom_match.typed_config)
        if matcher is not None and name == _IP_MATCHER:
            return _by_address(matcher, found)
        if matcher is not None and name == _SERVER_NAME_MATCHER:
            return _by_server_name(matcher, found)
    return []


def _by_address(matcher: Message, text: str) -> list[Message]:
    ip = parse_ip(text)
    found = []
    for position, entry in enumerate(matcher.range_matchers):
        lengths = [n.prefixlen for n in map(prefix, entry.ranges) if n is not None and contains(n, ip)]
        if lengths:
            found.append((-max(lengths), position, entry))
    found.sort(key=lambda f: f[:2])
    out: list[Message] = []
    for _, _, entry in found:
        # An exclusive range is only for addresses that no narrower one has taken.
        if not (entry.exclusive and out):
            out.append(entry.on_match)
    return out


def _by_server_name(matcher: Message, name: str) -> list[Message]:
    by_domain = {d.lower(): entry.on_match for entry in matcher.domain_matchers for d in entry.domains}
    name = name.lower()
    labels = name.split(".")
    wanted = [name, *("*." + ".".join(labels[i:]) for i in range(1, len(labels))), "*"]
    return [by_domain[w] for w in wanted if w in by_domain]
