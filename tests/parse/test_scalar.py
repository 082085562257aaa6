# SPDX-License-Identifier: Apache-2.0
"""Plain YAML scalars mean what they mean to kubectl (Go's yaml.v2)."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lateen.parse.text import scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("On", True),
        ("y", True),
        ("FALSE", False),
        ("off", False),
        ("n", False),
        ("yEs", "yEs"),
        ("~", None),
        ("", None),
        ("Null", None),
        ("nUll", "nUll"),
        ("12", 12),
        ("-7", -7),
        ("+7", 7),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0b101", 5),
        ("010", 8),
        ("0o10", 8),
        ("-010", -8),
        ("09", 9.0),
        ("00", 0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1:20", "1:20"),
        ("2001-12-14", "2001-12-14"),
        ("2001-12-14T21:59:43Z", "2001-12-14T21:59:43Z"),
        ("1.2.3", "1.2.3"),
        ("10.0.0.1", "10.0.0.1"),
        ("-", "-"),
        ("+", "+"),
        (".", "."),
        ("...", "..."),
        ("1e", "1e"),
        ("0x", "0x"),
        ("v1", "v1"),
        ("5s", "5s"),
    ],
)
def test_plain(text: str, value: Any) -> None:
    found = scalar.plain(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number() -> None:
    found = scalar.plain(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)


def test_endless_digits_are_text() -> None:
    assert scalar.plain("9" * 100_000) == "9" * 100_000


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (True, "true"), (False, "false"), (8080, "8080"), (1.0, "1"), (1.5, "1.5"), (None, None)],
)
def test_keys_become_text(value: Any, text: str | None) -> None:
    assert scalar.key(value) == text
