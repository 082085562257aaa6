# SPDX-License-Identifier: Apache-2.0
"""What tables of every kind need: ages, and the columns of kinds that have none of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lateen.apiserver.registry.kind import Column, Document, Table

NAME = Column("Name", "string", "name")
AGE = Column("Age")
CREATED_AT = Column("Created At", "date")
NONE = "<none>"
UNKNOWN = "<unknown>"


def name_of(document: Document) -> str:
    return str(document["metadata"]["name"])


def moment(text: Any) -> datetime | None:
    """A stored timestamp; stored ones are canonical, so anything else is absent."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def age(text: Any, now: datetime) -> str:
    """The time since a timestamp, as kubectl prints ages."""
    when = moment(text)
    return UNKNOWN if when is None else human(now - when)


def age_of(document: Document, now: datetime) -> str:
    return age(document["metadata"].get("creationTimestamp"), now)


def human(span: timedelta) -> str:
    """A duration in at most two units: `5s`, `3m20s`, `12m`, `4h5m`, `2d3h`, `100d`, `2y30d`."""
    seconds = int(span.total_seconds())
    if span.total_seconds() < 0:
        return "<invalid>" if seconds < -1 else "0s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if seconds < 120:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m{seconds % 60}s" if seconds % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    years = days // 365
    if years < 8 and days % 365:
        return f"{years}y{days % 365}d"
    return f"{years}y"


def labels_text(labels: Any) -> str:
    """`a=b,c=d`, sorted; `<none>` when there are none."""
    if not labels:
        return NONE
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels))


def selector_text(selector: Any) -> str:
    """A label selector object as text: `app in (a,b),tier=web`."""
    if not selector:
        return NONE
    terms: list[tuple[str, str]] = [
        (key, f"{key}={value}") for key, value in (selector.get("matchLabels") or {}).items()
    ]
    for expression in selector.get("matchExpressions") or ():
        key, values = expression["key"], ",".join(sorted(expression.get("values") or ()))
        match expression["operator"]:
            case "In":
                terms.append((key, f"{key} in ({values})"))
            case "NotIn":
                terms.append((key, f"{key} notin ({values})"))
            case "Exists":
                terms.append((key, key))
            case _:
                terms.append((key, f"!{key}"))
    return ",".join(text for _, text in sorted(terms)) or NONE


def _plain(document: Document, now: datetime) -> list[Any]:
    return [name_of(document), document["metadata"].get("creationTimestamp")]


PLAIN = Table((NAME, CREATED_AT), _plain)
"""The table of kinds without printer columns."""


def _name_and_age(document: Document, now: datetime) -> list[Any]:
    return [name_of(document), age_of(document, now)]


NAME_AND_AGE = Table((NAME, AGE), _name_and_age)
