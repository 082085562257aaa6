# SPDX-License-Identifier: Apache-2.0
"""The query engine: red-green memoisation with recorded reads.

    inputs ──reads──► queries ──reads──► collections ──reads──► pinned roots

A query is a pure function of the engine and hashable arguments; the arguments are the cache key. Every input and query
that it reads is recorded as an edge. When an input changes, everything that (transitively) read it is marked as
suspect by following those edges backwards, so what the change cannot affect is never looked at. A suspect is verified
only when it is read again: if none of what it read really changed, it stands; otherwise it is computed again, and if
the result is equal to the old one, its readers stand too (early cut-off). The algorithm is that of salsa and Adapton.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, Generic, ParamSpec, TypeVar, cast

from lateen.incremental.table import Table

P = ParamSpec("P")
K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class CycleError(RuntimeError):
    """A query asked, through others, for its own result."""


class Failure:
    """A query that raised: a defect of ours, kept like any result, so that it is tried again when what it read changes.

    Readers meet the exception again, except a collection, which leaves the member out and reports the failure, so that
    one defect does not take its neighbours down. `query` is the query's name, `args` its arguments.
    """

    __slots__ = ("args", "error", "query")

    def __init__(self, query: str, args: tuple[Hashable, ...], error: Exception) -> None:
        self.query = query
        self.args = args
        self.error = error

    def __repr__(self) -> str:
        return f"Failure({self.query}{self.args!r}: {type(self.error).__name__}: {self.error})"


class _Node:
    """A memo (or an input) with its place in the graph."""

    __slots__ = (
        "args",
        "changed_at",
        "dependents",
        "deps",
        "pinned",
        "query",
        "reports",
        "running",
        "suspect",
        "suspects",
        "value",
        "verified_at",
    )

    def __init__(self, query: Any, args: Any) -> None:
        self.query = query
        self.args = args
        self.value: Any = None
        self.changed_at = 0
        self.verified_at = 0
        self.deps: dict[_Node, None] = {}
        self.dependents: dict[_Node, None] = {}
        self.suspect = False
        self.suspects: list[_Node] | None = None
        self.running = False
        self.pinned = False
        self.reports: tuple[object, ...] = ()


class Input(Generic[K, V]):
    """A family of input values in buckets. A bucket that was never set reads as `default`."""

    def __init__(self, name: str, default: V) -> None:
        self.name = name
        self.default = default

    def __repr__(self) -> str:
        return f"Input({self.name})"

    def __call__(self, db: Engine, key: K) -> V:
        """The bucket's value; inside a query the read is recorded."""
        memos = db._memos(self)
        node = memos.get(key)
        if node is None:
            node = memos[key] = _Node(self, key)
            node.value = self.default
        if db._frame is not None:
            db._frame[node] = None
        return cast(V, node.value)


class Query(Generic[P, V]):
    """A memoised pure function `fn(db, *args)`; made by `query`."""

    def __init__(self, fn: Callable[P, V]) -> None:
        self.fn = fn
        self.name = f"{fn.__module__.removeprefix('lateen.')}.{fn.__name__}"
        self.__doc__ = fn.__doc__
        self.__name__ = fn.__name__
        self.__module__ = fn.__module__

    def __repr__(self) -> str:
        return f"Query({self.name})"

    def __call__(self, *call: P.args, **named: P.kwargs) -> V:
        if named:
            raise TypeError(f"{self.name}: arguments of queries are positional, for they are the cache key")
        db, *args = call
        assert isinstance(db, Engine)
        value = db._get(self, tuple(args)).value
        if type(value) is Failure:
            raise value.error
        return cast(V, value)

    def compute(self, db: Engine, node: _Node) -> Any:
        return self.fn(db, *node.args)  # type: ignore[call-arg, arg-type]


class Collection(Generic[K, V]):
    """A table that is kept up to date member by member; made by `collection`.

    `members(db, *args)` names the members: a mapping from key to the arguments of `item`. A member whose item is None
    is left out. A change of one item costs what that item costs, whatever the size of the table; a change of the
    membership costs one comparison of the two mappings.
    """

    def __init__(self, members: Query[Any, Mapping[K, tuple[Any, ...]]], item: Query[Any, V | None]) -> None:
        self.members = members
        self.item = item
        self.name = f"{members.name}[]"

    def __repr__(self) -> str:
        return f"Collection({self.name})"

    def __call__(self, db: Engine, *args: Hashable) -> Table[K, V]:
        state = cast("_Members", db._get(self, args).value)
        return cast("Table[K, V]", state.table)


class _Members:
    """What a collection's node remembers between two computations."""

    __slots__ = ("arguments", "names", "table")

    def __init__(self) -> None:
        self.arguments: Mapping[Any, tuple[Any, ...]] = {}
        self.names: dict[_Node, list[Any]] = {}
        self.table: Table[Any, Any] = Table()


def query(fn: Callable[P, V]) -> Query[P, V]:
    """Make `fn(db, *args)` a memoised query. Arguments must be hashable; the result must not be mutated by anybody."""
    return Query(fn)


def collection(
    item: Query[Any, V | None],
) -> Callable[[Callable[..., Mapping[K, tuple[Any, ...]]]], Collection[K, V]]:
    """Make `members(db, *args) -> {key: arguments of item}` a collection of `item`s."""

    def make(members: Callable[..., Mapping[K, tuple[Any, ...]]]) -> Collection[K, V]:
        return Collection(Query(members), item)

    return make


class Engine:
    """Inputs, memos and the edges between them. One task owns an engine; it is not safe to share between threads."""

    def __init__(self) -> None:
        self.revision = 0
        self._tables: dict[Any, dict[Any, _Node]] = {}
        self._frame: dict[_Node, None] | None = None
        self._reports: list[object] | None = None
        self._reporting: dict[_Node, None] = {}
        self._suspect_pins: dict[_Node, None] = {}
        self._orphans: dict[_Node, None] = {}
        self.computed: list[tuple[str, Any]] | None = None
        """Set to a list to have every computation recorded in it, as (query name, arguments): for tests."""

    # -- inputs ---------------------------------------------------------------------------------------------------

    def set(self, source: Input[K, V], key: K, value: V) -> bool:
        """Set one bucket. Returns whether that changed anything; an equal value changes nothing."""
        if self._frame is not None:
            raise RuntimeError(f"{source.name}: inputs cannot be set from inside a query")
        memos = self._memos(source)
        node = memos.get(key)
        if node is None:
            if value == source.default:
                return False
            node = memos[key] = _Node(source, key)
            node.value = source.default
        if node.value is value or node.value == value:
            return False
        self.revision += 1
        node.value = value
        node.changed_at = self.revision
        self._suspect(node)
        if not node.dependents and value == source.default:
            del memos[key]
        return True

    def peek(self, source: Input[K, V]) -> dict[K, V]:
        """All buckets of an input that are not at their default; for tools and tests, reads are not recorded."""
        return {key: node.value for key, node in self._memos(source).items() if node.value != source.default}

    # -- roots ----------------------------------------------------------------------------------------------------

    def pin(self, root: Query[Any, Any] | Collection[Any, Any], *args: Hashable) -> None:
        """Keep a result alive and up to date: `refresh` tells when it changes."""
        frame, self._frame = self._frame, None
        self._get(root, args).pinned = True
        self._frame = frame

    def unpin(self, root: Query[Any, Any] | Collection[Any, Any], *args: Hashable) -> None:
        """Let go of a root; what only it needed is forgotten at the next `refresh`."""
        node = self._memos(root).get(args)
        if node is not None and node.pinned:
            node.pinned = False
            self._suspect_pins.pop(node, None)
            if not node.dependents:
                self._orphans[node] = None

    def refresh(self) -> list[tuple[Any, tuple[Any, ...]]]:
        """Bring every pinned root up to date; returns those whose value changed, as (query, arguments)."""
        changed = []
        while self._suspect_pins:
            node = next(iter(self._suspect_pins))
            before = node.changed_at
            self._refresh(node)
            self._suspect_pins.pop(node, None)
            if node.changed_at != before:
                changed.append((node.query, node.args))
        self._sweep()
        return changed

    # -- reports --------------------------------------------------------------------------------------------------

    def report(self, value: object) -> None:
        """From inside a query: attach `value` (a diagnostic) to its result. It lives exactly as long as the result."""
        if self._reports is None:
            raise RuntimeError("a report belongs to a query")
        self._reports.append(value)

    def reports(self) -> list[object]:
        """All reports of all results that are alive, each once; call after `refresh`."""
        return list(dict.fromkeys(r for node in self._reporting for r in node.reports))

    # -- the graph ------------------------------------------------------------------------------------------------

    def size(self) -> int:
        """How many memos and input buckets are held."""
        return sum(len(memos) for memos in self._tables.values())

    def _memos(self, owner: Any) -> dict[Any, _Node]:
        memos = self._tables.get(owner)
        if memos is None:
            memos = self._tables[owner] = {}
        return memos

    def _get(self, owner: Any, args: tuple[Any, ...]) -> _Node:
        memos = self._tables.get(owner)
        if memos is None:
            memos = self._tables[owner] = {}
        node = memos.get(args)
        if node is None:
            node = memos[args] = _Node(owner, args)
            node.suspect = True
            node.verified_at = -1
            try:
                self._refresh(node)
            except CycleError:
                memos.pop(args, None)
                raise
        elif node.suspect:
            self._refresh(node)
        if self._frame is not None:
            self._frame[node] = None
        else:
            if not node.dependents and not node.pinned:
                self._orphans[node] = None
        return node

    def _suspect(self, changed: _Node) -> None:
        """Mark everything that read `changed`, directly or not."""
        stack = [changed]
        while stack:
            node = stack.pop()
            for reader in node.dependents:
                if reader.suspects is not None:
                    reader.suspects.append(node)
                if not reader.suspect:
                    reader.suspect = True
                    stack.append(reader)
                    if reader.pinned:
                        self._suspect_pins[reader] = None

    def _refresh(self, node: _Node) -> None:
        """Verify a suspect node, or compute it."""
        if not node.suspect:
            return
        if node.running:
            raise CycleError(f"{node.query.name}{node.args!r} depends on itself")
        node.running = True
        try:
            if type(node.query) is Collection:
                self._collect(node, node.query)
            elif node.verified_at < 0 or self._stale(node):
                self._compute(node)
            node.suspect = False
            node.verified_at = self.revision
        finally:
            node.running = False

    def _stale(self, node: _Node) -> bool:
        """Whether anything that `node` read has really changed. Reads are verified in their order, for a later one may
        only have happened because of what an earlier one said."""
        for dep in node.deps:
            if dep.suspect:
                self._refresh(dep)
            if dep.changed_at > node.verified_at:
                return True
        return False

    def _compute(self, node: _Node) -> None:
        frame, reports = self._frame, self._reports
        self._frame, self._reports = {}, []
        try:
            value = node.query.compute(self, node)
        except CycleError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the defect is, it is kept as this query's result
            value = Failure(node.query.name, node.args, error)
        finally:
            reads, said = self._frame, self._reports
            self._frame, self._reports = frame, reports
        if self.computed is not None:
            self.computed.append((node.query.name, node.args))
        self._connect(node, reads)
        self._say(node, tuple(said))
        if node.verified_at < 0 or not (node.value is value or node.value == value):
            node.value = value
            node.changed_at = self.revision

    def _say(self, node: _Node, said: tuple[object, ...]) -> None:
        node.reports = said
        if said:
            self._reporting[node] = None
        else:
            self._reporting.pop(node, None)

    def _connect(self, node: _Node, reads: dict[_Node, None]) -> None:
        before = node.deps
        for dep in reads:
            if dep not in before:
                dep.dependents[node] = None
                self._orphans.pop(dep, None)
        for dep in before:
            if dep not in reads:
                self._disconnect(dep, node)
        node.deps = reads

    def _disconnect(self, dep: _Node, reader: _Node) -> None:
        dep.dependents.pop(reader, None)
        if not dep.dependents and not dep.pinned:
            self._orphans[dep] = None

    def _collect(self, node: _Node, owner: Collection[Any, Any]) -> None:
        """Bring a collection up to date by its suspect members only."""
        fresh = node.verified_at < 0
        state: _Members = node.value if not fresh else _Members()
        suspects = node.suspects or []
        node.suspects = None
        frame, self._frame = self._frame, None
        said = {} if fresh or not node.reports else {f.args: f for f in cast(tuple[Failure, ...], node.reports)}
        try:
            changed: dict[Any, Any] = {}
            removed: dict[Any, None] = {}
            members = self._get(owner.members, node.args)
            if fresh:
                members.dependents[node] = None
                node.deps[members] = None
                self._orphans.pop(members, None)
            if fresh or members.changed_at > node.verified_at:
                wanted: Mapping[Any, tuple[Any, ...]] = members.value
                for name, args in state.arguments.items():
                    if wanted.get(name) != args:
                        self._leave(node, owner, state, name, args, said)
                        if name not in wanted and name in state.table:
                            removed[name] = None
                for name, args in wanted.items():
                    if state.arguments.get(name) != args:
                        self._join(node, owner, state, name, args, changed, removed, said)
                state.arguments = wanted
            for member in dict.fromkeys(suspects):
                if member is members or member not in state.names:
                    continue
                _, value, moved = self._member(owner, member.args, node.verified_at, said)
                if moved:
                    for name in state.names[member]:
                        self._place(state, name, value, changed, removed)
        finally:
            self._frame = frame
        node.suspects = []
        self._say(node, tuple(said.values()))
        if changed or removed or fresh:
            state.table = state.table.derive(changed, tuple(removed)) if not fresh else Table(changed)
            node.value = state
            node.changed_at = self.revision

    def _member(
        self, owner: Collection[Any, Any], args: tuple[Any, ...], since: int, said: dict[Any, Failure]
    ) -> tuple[_Node, Any, bool]:
        """A member's node, its value (None if it raised), and whether it changed after revision `since`."""
        member = self._get(owner.item, args)
        value = member.value
        if type(value) is Failure:
            said[args] = value
            value = None
        else:
            said.pop(args, None)
        return member, value, member.changed_at > since

    def _join(
        self,
        node: _Node,
        owner: Collection[Any, Any],
        state: _Members,
        name: Any,
        args: tuple[Any, ...],
        changed: dict[Any, Any],
        removed: dict[Any, None],
        said: dict[Any, Failure],
    ) -> None:
        member, value, _ = self._member(owner, args, -1, said)
        member.dependents[node] = None
        self._orphans.pop(member, None)
        state.names.setdefault(member, []).append(name)
        self._place(state, name, value, changed, removed)

    def _leave(
        self,
        node: _Node,
        owner: Collection[Any, Any],
        state: _Members,
        name: Any,
        args: tuple[Any, ...],
        said: dict[Any, Failure],
    ) -> None:
        member = self._memos(owner.item)[args]
        names = state.names[member]
        names.remove(name)
        if not names:
            del state.names[member]
            said.pop(args, None)
            self._disconnect(member, node)

    @staticmethod
    def _place(state: _Members, name: Any, value: Any, changed: dict[Any, Any], removed: dict[Any, None]) -> None:
        if value is not None:
            removed.pop(name, None)
            if name not in state.table or state.table[name] != value:
                changed[name] = value
            else:
                changed.pop(name, None)
        else:
            changed.pop(name, None)
            if name in state.table:
                removed[name] = None

    def _sweep(self) -> None:
        """Forget what nobody reads any more."""
        orphans = self._orphans
        while orphans:
            node, _ = orphans.popitem()
            if node.dependents or node.pinned:
                continue
            memos = self._tables[node.query]
            if type(node.query) is Input:
                if node.value == node.query.default and memos.get(node.args) is node:
                    del memos[node.args]
                continue
            if memos.get(node.args) is node:
                del memos[node.args]
            self._reporting.pop(node, None)
            for dep in node.deps:
                self._disconnect(dep, node)
            if type(node.query) is Collection and node.value is not None:
                for member in node.value.names:
                    self._disconnect(member, node)
