# SPDX-License-Identifier: Apache-2.0
"""Conditions on strings (StringMatch) as Envoy's matchers."""

from envoy.type.matcher.v3.regex_pb2 import RegexMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from lateen.model.networking.http_match import StringMatch

ANYTHING = "*"
"""No regular expression, but accepted in place of one: the value is present, whatever it is."""


def means_present(match: StringMatch | None) -> bool:
    """Whether the condition only asks that there is a value: nothing is said, or the regex is `*`."""
    if match is None or match.regex == ANYTHING:
        return True
    return match.exact is None and match.prefix is None and match.regex is None


def string_matcher(match: StringMatch) -> StringMatcher:
    """The condition as a StringMatcher; a StringMatch without any condition has none and gives an empty message."""
    if match.exact is not None:
        return StringMatcher(exact=match.exact)
    if match.prefix is not None:
        return StringMatcher(prefix=match.prefix)
    if match.regex is not None:
        return StringMatcher(safe_regex=RegexMatcher(regex=match.regex))
    return StringMatcher()
