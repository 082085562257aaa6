# SPDX-License-Identifier: Apache-2.0
"""The query engine: reads recorded, early cut-off, removal, cycles refused, failures contained."""

from __future__ import annotations

import pytest

from lateen.incremental import CycleError, Engine, Failure, Input, Table, collection, query

number: Input[str, int] = Input("number", 0)
names: Input[str, tuple[str, ...]] = Input("names", ())


@query
def parity(db: Engine, name: str) -> int:
    return number(db, name) % 2


@query
def described(db: Engine, name: str) -> str:
    return "odd" if parity(db, name) else "even"


@query
def either(db: Engine, left: str, right: str) -> int:
    """Reads `right` only if `left` is 0."""
    return number(db, left) or number(db, right)


@query
def around(db: Engine, name: str) -> int:
    return around(db, name) + 1


@query
def item(db: Engine, name: str) -> int | None:
    value = number(db, name)
    if value == 13:
        raise ValueError("thirteen")
    return value or None


@collection(item)
def items(db: Engine, group: str) -> dict[str, tuple[str]]:
    return {name: (name,) for name in names(db, group)}


@query
def total(db: Engine, group: str) -> int:
    return sum(items(db, group).values())


@query
def noisy(db: Engine, name: str) -> int:
    if number(db, name) > 5:
        db.report(f"{name} is large")
    return 0


def computed(db: Engine) -> list[str]:
    assert db.computed is not None
    done = [f"{name.rpartition('.')[2]}({', '.join(args)})" for name, args in db.computed]
    db.computed.clear()
    return done


@pytest.fixture
def db() -> Engine:
    engine = Engine()
    engine.computed = []
    return engine


def test_a_result_is_reused_until_something_it_read_changes(db: Engine) -> None:
    db.pin(described, "a")
    assert described(db, "a") == "even"
    assert computed(db) == ["parity(a)", "described(a)"]
    db.set(number, "b", 1)
    assert described(db, "a") == "even"
    assert computed(db) == []


def test_an_equal_result_stops_the_propagation(db: Engine) -> None:
    db.pin(described, "a")
    computed(db)
    db.set(number, "a", 2)
    assert db.refresh() == []
    assert computed(db) == ["parity(a)"]
    db.set(number, "a", 3)
    assert db.refresh() == [(described, ("a",))]
    assert computed(db) == ["parity(a)", "described(a)"]


def test_setting_an_equal_value_is_no_change(db: Engine) -> None:
    assert db.set(number, "a", 1)
    assert not db.set(number, "a", 1)
    assert not db.set(number, "untouched", 0)


def test_only_what_was_really_read_counts(db: Engine) -> None:
    db.set(number, "left", 1)
    db.pin(either, "left", "right")
    computed(db)
    db.set(number, "right", 5)
    assert db.refresh() == []
    assert computed(db) == []
    db.set(number, "left", 0)
    assert db.refresh() == [(either, ("left", "right"))]
    assert either(db, "left", "right") == 5
    db.set(number, "right", 6)
    assert either(db, "left", "right") == 6


def test_a_cycle_is_refused(db: Engine) -> None:
    with pytest.raises(CycleError, match="around"):
        around(db, "a")
    assert described(db, "a") == "even"


def test_inputs_cannot_be_set_from_a_query(db: Engine) -> None:
    @query
    def careless(engine: Engine) -> bool:
        return engine.set(number, "a", 1)

    with pytest.raises(RuntimeError, match="inside a query"):
        careless(db)


def test_what_nobody_needs_is_forgotten(db: Engine) -> None:
    db.set(names, "g", ("a", "b"))
    db.set(number, "a", 1)
    before = db.size()
    db.pin(total, "g")
    assert db.size() > before
    db.unpin(total, "g")
    db.refresh()
    assert db.size() == before


def test_a_collection_recomputes_only_the_member_that_changed(db: Engine) -> None:
    db.set(names, "g", tuple(f"n{i}" for i in range(100)))
    for i in range(100):
        db.set(number, f"n{i}", i and i + 20)
    db.pin(items, "g")
    old = items(db, "g")
    assert len(old) == 99, "n0 is 0, so its member is None and left out"
    computed(db)
    db.set(number, "n7", 70)
    assert db.refresh() == [(items, ("g",))]
    assert computed(db) == ["item(n7)"]
    new = items(db, "g")
    assert new.changes_since(old) == (("n7",), ())
    assert old["n7"] == 27, "an old table is never changed"


def test_a_collection_follows_its_membership(db: Engine) -> None:
    db.set(names, "g", ("a", "b"))
    db.set(number, "a", 1)
    db.set(number, "b", 2)
    db.pin(total, "g")
    assert total(db, "g") == 3
    db.set(names, "g", ("b", "c"))
    db.set(number, "c", 4)
    assert total(db, "g") == 6
    db.refresh()
    db.set(number, "a", 9)
    assert db.refresh() == []
    db.set(number, "b", 0)
    assert dict(items(db, "g")) == {"c": 4}


def test_a_member_that_fails_leaves_its_neighbours_alone_and_is_tried_again(db: Engine) -> None:
    db.set(names, "g", ("a", "b"))
    db.set(number, "a", 1)
    db.set(number, "b", 13)
    db.pin(items, "g")
    assert dict(items(db, "g")) == {"a": 1}
    (failure,) = db.reports()
    assert isinstance(failure, Failure)
    assert failure.args == ("b",)
    db.set(number, "b", 2)
    assert dict(items(db, "g")) == {"a": 1, "b": 2}
    assert db.reports() == []


def test_a_failure_is_met_by_every_reader(db: Engine) -> None:
    db.set(number, "a", 13)
    for _ in range(2):
        with pytest.raises(ValueError, match="thirteen"):
            item(db, "a")


def test_reports_live_as_long_as_the_result_they_belong_to(db: Engine) -> None:
    db.set(number, "a", 7)
    db.pin(noisy, "a")
    assert db.reports() == ["a is large"]
    db.set(number, "a", 1)
    db.refresh()
    assert db.reports() == []
    db.set(number, "a", 8)
    db.refresh()
    db.unpin(noisy, "a")
    db.refresh()
    assert db.reports() == []


def test_a_table_tells_its_difference_to_any_other() -> None:
    first: Table[str, int] = Table({"a": 1, "b": 2})
    second = first.derive({"b": 3, "c": 4}, ("a",))
    assert second.changes_since(first) == (("b", "c"), ("a",))
    third = second.derive({"a": 1}, ("c",))
    assert third.changes_since(first) == (("b",), ())
    assert not third.changes_since(third)
    assert first == Table({"b": 2, "a": 1})
    assert second != first
