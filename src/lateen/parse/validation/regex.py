# SPDX-License-Identifier: Apache-2.0
"""Checks of regular expressions and string matches, with RE2 itself."""

from functools import lru_cache
from typing import Final

import re2

from lateen.model.networking.http_match import StringMatch
from lateen.parse.validation.findings import Findings, quoted

_LONGEST: Final = 1024
_WORDS: Final = {
    "bad repetition operator": "invalid nested repetition operator",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid named capture group": "invalid named capture",
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "trailing \\": "trailing backslash at end of expression",
}
"""RE2's own words where those of Go's package, which users of Istio know, differ."""
_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False


@lru_cache(maxsize=4096)
def compile_error(expression: str) -> str | None:
    """What RE2 says of an expression that it does not take."""
    try:
        re2.compile(expression, _OPTIONS)
    except re2.error as error:
        detail = error.args[0] if error.args else ""
        return _in_words_of_go(detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail))
    return None


def _in_words_of_go(detail: str) -> str:
    code, _, argument = detail.partition(": ")
    code = _WORDS.get(code, code)
    return f"{code}: `{argument}`" if argument else code


def expression(text: str, where: str) -> str | None:
    """A regular expression. `where` names the field as messages of Istio do."""
    if len(text) > _LONGEST:
        return f"{quoted(where)}: regex is too large, max length allowed is 1024"
    wrong = compile_error(text)
    if wrong is None:
        return None
    return (
        f"{quoted(where)}: error parsing regexp: {wrong}; "
        "Istio uses RE2 style regex-based match (https://github.com/google/re2/wiki/Syntax)"
    )


def check(findings: Findings, field: str, match: StringMatch, where: str) -> None:
    """A string match: prefixes and expressions are not empty, expressions compile."""
    if match.prefix == "":
        findings.error(
            f"{field}.prefix", f"{quoted(where)}: prefix string match should not be empty", "remove the match"
        )
    if match.regex is not None:
        check_regex(findings, field, match, where)


def check_regex(findings: Findings, field: str, match: StringMatch, where: str) -> None:
    """The expression of a string match, if it has one."""
    if match.regex == "":
        findings.error(
            f"{field}.regex", f"{quoted(where)}: regex string match should not be empty", 'write ".*" for any'
        )
    elif match.regex is not None:
        findings.expect(f"{field}.regex", expression(match.regex, where), "a regex is no glob: write .* in place of *")
