# SPDX-License-Identifier: Apache-2.0
"""What a plain YAML scalar means, as kubectl decides it.

kubectl reads YAML 1.1 through Go's yaml.v2: `yes` and `on` are true, numbers may have underscores and a base prefix, a
leading zero is octal; but sexagesimal numbers and timestamps remain text.
"""

import math
import re
from typing import Final

Scalar = str | int | float | bool | None

_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)", re.ASCII)
_DIGITS_AT_MOST: Final = 320
"""Longer numbers fit no field of any API, and Python takes quadratic time for them."""


def plain(text: str) -> Scalar:
    """The value of an unquoted scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in "0123456789+-." and len(text) <= _DIGITS_AT_MOST:
        return _number(text)
    return text


def _number(text: str) -> Scalar:
    digits = text.replace("_", "") if text[0] != "." else text
    if _INTEGER.fullmatch(digits):
        sign, magnitude = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
        if len(magnitude) > 1 and magnitude[0] == "0" and magnitude[1].isdigit():
            return sign * int(magnitude, 8)
        return sign * int(magnitude, 0)
    return float(digits) if _FLOAT.fullmatch(digits) else text


def key(value: Scalar) -> str | None:
    """The text that a mapping's key becomes in JSON; None for a key that JSON cannot have."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
        case _:
            return None
