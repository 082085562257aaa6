# SPDX-License-Identifier: Apache-2.0
"""Quantities (`500m`, `1Gi`, `0.1`): their canonical form, as `resource.Quantity` of Kubernetes writes it."""

from __future__ import annotations

import re
from decimal import Decimal

_FORM = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?|[eE][+-]?\d+)")
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}

PATTERN_ERROR = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


class QuantityError(ValueError):
    """The text is no quantity."""


def parse(text: str) -> tuple[Decimal, str]:
    """The value and the format it was written in: `binary`, `decimal` or `exponent`."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise QuantityError(PATTERN_ERROR)
    sign, digits, suffix = match.groups()
    value = Decimal(f"{sign}{digits}")
    if suffix in _BINARY:
        return value * (1 << _BINARY[suffix]), "binary"
    if suffix in _DECIMAL:
        return value.scaleb(_DECIMAL[suffix]), "decimal"
    return value.scaleb(int(suffix[1:])), "exponent"


def canonical(given: str | int | float) -> str:
    """The canonical text of a quantity: no fraction, the largest suffix that fits, at most nano precision.

    Raises QuantityError.
    """
    text = str(given)
    value, form = parse(text)
    nano = value.scaleb(9).to_integral_value(rounding="ROUND_UP")
    if nano == 0:
        return "0"
    if form == "binary":
        if nano % 10**9 == 0:
            return _binary(int(nano // 10**9))
        form = "decimal"
    exponent = -9
    digits = int(nano)
    while digits % 1000 == 0 and (exponent < 18 or form == "exponent"):
        digits //= 1000
        exponent += 3
    if form == "exponent":
        return f"{digits}e{exponent}" if exponent else str(digits)
    return f"{digits}{_SUFFIX[exponent]}"


def _binary(value: int) -> str:
    suffix = ""
    for name in _BINARY:
        if value % 1024:
            break
        value //= 1024
        suffix = name
    return f"{value}{suffix}"
