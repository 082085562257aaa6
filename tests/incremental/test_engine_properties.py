# SPDX-License-Identifier: Apache-2.0
"""Whatever the history of edits, the engine answers as one that was just built."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lateen.incremental import Engine, Input, collection, query

members: Input[str, tuple[str, ...]] = Input("members", ())
value: Input[str, int] = Input("value", 0)
link: Input[str, str] = Input("link", "")


@query
def resolved(db: Engine, name: str) -> int | None:
    """The value, or that of the linked name (one step); None for 0, an exception for 4."""
    number = value(db, link(db, name) or name)
    if number == 4:
        raise ValueError(name)
    return number or None


@query
def capped(db: Engine, name: str) -> int | None:
    try:
        number = resolved(db, name)
    except ValueError:
        return -1
    return min(number, 2) if number else None


@collection(capped)
def group(db: Engine, name: str) -> dict[str, tuple[str]]:
    return {m: (m,) for m in members(db, name)}


@collection(resolved)
def raw(db: Engine, name: str) -> dict[str, tuple[str]]:
    return {m: (link(db, m) or m,) for m in members(db, name)}


@query
def summary(db: Engine, name: str) -> tuple[int, int]:
    return sum(group(db, name).values()), sum(raw(db, name).values())


NAMES = st.sampled_from("abcd")
EDIT = st.one_of(
    st.tuples(st.just(members), st.sampled_from(("g", "h")), st.lists(NAMES, unique=True).map(tuple)),
    st.tuples(st.just(value), NAMES, st.integers(0, 4)),
    st.tuples(st.just(link), NAMES, st.one_of(st.just(""), NAMES)),
)


@given(st.lists(st.lists(EDIT, max_size=4), max_size=12))
def test_any_history_gives_what_a_clean_build_gives(transactions: list[list[tuple[Input, str, object]]]) -> None:  # type: ignore[type-arg]
    db = Engine()
    for name in "gh":
        db.pin(summary, name)
    held = {name: summary(db, name) for name in "gh"}
    tables = {name: group(db, name) for name in "gh"}
    state: dict[tuple[Input, str], object] = {}  # type: ignore[type-arg]
    for edits in transactions:
        for source, key, new in edits:
            db.set(source, key, new)
            state[source, key] = new
        changed = {args[0] for _, args in db.refresh()}
        clean = Engine()
        for (source, key), new in state.items():
            clean.set(source, key, new)
        for name in "gh":
            want = summary(clean, name)
            assert summary(db, name) == want
            assert (name in changed) == (held[name] != want)
            held[name] = want
            table = group(db, name)
            assert table == group(clean, name)
            change = table.changes_since(tables[name])
            assert {k: v for k, v in tables[name].items() if k not in change.removed} | {
                k: table[k] for k in change.changed
            } == dict(table)
            tables[name] = table
