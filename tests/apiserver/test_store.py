# SPDX-License-Identifier: Apache-2.0
"""The store: visible when durable, resumable, and honest about damage."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from lateen.apiserver.store.journal import MemoryJournal, SqliteJournal, StoreBusyError, StoreDamagedError
from lateen.apiserver.store.memory import JournalError, Store
from lateen.apiserver.store.revision import ADDED, DELETED, MODIFIED, Key, Revision


def key(name: str, resource: str = "configmaps") -> Key:
    return Key(resource, "default", name)


def document(**fields: object) -> dict[str, object]:
    return {"metadata": {}, **fields}


async def test_versions_rise_by_one_and_writes_are_read_back() -> None:
    store = Store(MemoryJournal())
    first = await store.put(key("a"), document(data="1"))
    second = await store.put(key("a"), document(data="2"))
    assert (first.version, second.version, store.version) == (2, 3, 3)
    found = store.get(key("a"))
    assert found is not None and found.document() == {"metadata": {"resourceVersion": "3"}, "data": "2"}


async def test_a_write_is_visible_only_when_the_journal_has_it() -> None:
    store = Store(MemoryJournal())
    writing = store.put(key("a"), document())
    assert store.get(key("a")) is None
    head = store.head(key("a"))
    assert head is not None and head.version == 2
    await writing
    assert store.get(key("a")) is head
    assert store.head(key("a")) is head


async def test_a_deletion_staged_after_a_write_is_what_the_next_write_finds() -> None:
    store = Store(MemoryJournal())
    futures = [store.put(key("a"), document()), store.delete(key("a"), document())]
    assert store.head(key("a")) is None
    again = store.put(key("a"), document(again=True))
    await asyncio.gather(*futures, again)
    events = store.since(1)
    assert events is not None
    assert [(e.type, e.version) for e in events] == [(ADDED, 2), (DELETED, 3), (ADDED, 4)]


async def test_lists_are_in_the_order_of_namespace_and_name() -> None:
    store = Store(MemoryJournal())
    for namespace, name in (("b", "1"), ("a", "2"), ("a", "10")):
        await store.put(Key("pods", namespace, name), document())
    assert [(o.key.namespace, o.key.name) for o in store.objects("pods")] == [("a", "10"), ("a", "2"), ("b", "1")]
    assert [o.key.name for o in store.objects("pods", "a")] == ["10", "2"]


class FailingJournal(MemoryJournal):
    fails = False

    def commit(self, revisions: Sequence[Revision], dead: Sequence[int], compacted: int) -> None:
        if self.fails:
            raise sqlite3.OperationalError("database or disk is full")


async def test_a_failed_group_leaves_nothing_behind() -> None:
    journal = FailingJournal()
    store = Store(journal)
    await store.put(key("a"), document(data="old"))
    journal.fails = True
    results = await asyncio.gather(
        store.put(key("a"), document(data="new")), store.put(key("b"), document()), return_exceptions=True
    )
    assert all(isinstance(result, JournalError) for result in results)
    journal.fails = False
    assert store.version == 2 and store.head(key("b")) is None
    after = await store.put(key("a"), document(data="later"))
    assert after.version == 3


async def test_history_is_bounded_and_older_watches_are_told() -> None:
    store = Store(MemoryJournal(), ring_count=3)
    for number in range(6):
        await store.put(key(f"n{number}"), document())
    assert store.version == 7
    assert store.since(3) is None
    kept = store.since(4)
    assert kept is not None and [event.version for event in kept] == [5, 6, 7]
    assert store.since(7) == []


async def write(path: Path, ring_count: int = 20_000) -> None:
    store = Store(SqliteJournal(path), ring_count=ring_count)
    await store.put(key("a"), document(data="1"))
    await asyncio.gather(*(store.put(key(f"m{n}"), document(n=n)) for n in range(20)))
    await store.put(key("a"), document(data="2"))
    gone = store.get(key("m3"))
    assert gone is not None
    await store.delete(key("m3"), gone.document())
    await store.close()


@pytest.mark.parametrize("ring_count", [20_000, 5])
async def test_everything_is_there_after_reopening(tmp_path: Path, ring_count: int) -> None:
    path = tmp_path / "state.db"
    await write(path, ring_count)
    store = Store(SqliteJournal(path))
    found = store.get(key("a"))
    assert found is not None and found.document()["data"] == "2"
    assert store.get(key("m3")) is None
    assert store.count("configmaps") == 20
    assert store.version == 24
    after = await store.put(key("new"), document())
    assert after.version == 25
    missed = store.since(22)
    assert missed is not None
    assert [(e.type, e.key.name) for e in missed] == [(MODIFIED, "a"), (DELETED, "m3"), (ADDED, "new")]
    assert missed[0].before is not None and missed[0].before.document()["data"] == "1"
    await store.close()


async def test_compaction_removes_what_nobody_needs(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    store = Store(SqliteJournal(path), ring_count=10)
    for number in range(200):
        await store.put(key("same"), document(number=number))
    await store.close()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM revisions").fetchone()[0] < 15


async def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    first = SqliteJournal(tmp_path / "state.db")
    with pytest.raises(StoreBusyError, match="in use"):
        SqliteJournal(tmp_path / "state.db")
    first.close()


async def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (x)")
    database.close()
    with pytest.raises(StoreDamagedError, match="another program"):
        SqliteJournal(path)


async def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"hello, I am no database" * 100)
    with pytest.raises(StoreDamagedError):
        SqliteJournal(path)


def spoil(path: Path, statement: str) -> None:
    database = sqlite3.connect(path)
    database.execute(statement)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("UPDATE revisions SET body = CAST(replace(body, '1', '7') AS BLOB) WHERE version = 2", "checksum"),
        ("UPDATE revisions SET name = 'other' WHERE version = 4", "checksum"),
        ("DELETE FROM revisions WHERE version = 5", "revision 5 is missing"),
        ("PRAGMA user_version = 99", "format 99"),
    ],
)
async def test_damage_is_reported_and_nothing_is_read(tmp_path: Path, statement: str, complaint: str) -> None:
    path = tmp_path / "state.db"
    await write(path)
    spoil(path, statement)
    with pytest.raises(StoreDamagedError, match=complaint):
        Store(SqliteJournal(path))


async def test_a_torn_page_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    await write(path)
    data = bytearray(path.read_bytes())
    for position in range(4096, min(len(data), 4096 * 3)):
        data[position] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(StoreDamagedError):
        Store(SqliteJournal(path))
