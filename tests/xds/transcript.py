# SPDX-License-Identifier: Apache-2.0
"""Plays a transcript (`transcripts/*.yaml`) against a session.

A transcript is a list of steps. Each step is one event and `gets`, everything that the session sends because of it:

    state: {CDS: {a: 1}, VHDS: {"80": {"80/x": 1}}, SDS: {default: 1}}   the whole new state: type -> name -> revision
    change: {CDS: {a: 2, b: null}}          the same, but only what differs; null takes away
    request: {type: CDS, subscribe: [], unsubscribe: [], claims: {a: 1}}
    ack: CDS                                of the oldest response of this type that was not answered
    nack: {type: CDS, error: text}          the same, refused
    status: the text of the status          (no event: what is said about the proxy)
    reconnect: true                         a new stream to the same server (false: to one that was restarted)

A step may say `rejects: [[TYPE, name], …]`: what the event turned out to refuse.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from lateen.envoy.blob import CLUSTER, ENDPOINT, LISTENER, ROUTE, SECRET, VIRTUAL_HOST, Blob
from lateen.envoy.snapshot import Snapshot
from lateen.incremental.table import Table
from lateen.xds.batch import Batch, Composer
from lateen.xds.session import Doubts, Session
from lateen.xds.wire import Request

FOLDER = Path(__file__).parent / "transcripts"
URL = {"CDS": CLUSTER, "EDS": ENDPOINT, "LDS": LISTENER, "RDS": ROUTE, "VHDS": VIRTUAL_HOST, "SDS": SECRET}
SHORT = {url: short for short, url in URL.items()}


def resource(kind: str, name: str, revision: int) -> Blob:
    return Blob(URL[kind], name, f"{name} {revision}".encode())


class Player:
    """One transcript being played."""

    def __init__(self) -> None:
        self.composer = Composer()
        self.state: dict[str, Any] = {kind: {} for kind in URL}
        self.tables: dict[tuple[str, ...], Table[str, Blob]] = {}
        self.published = False
        self._connect()

    def _connect(self, doubts: Doubts | None = None) -> None:
        self.session = Session(self.composer, lambda url, name: f"the {name}", self._secret, doubts)
        self.unanswered: dict[str, list[str]] = {kind: [] for kind in URL}
        if self.published:
            self.session.publish(self._snapshot())

    def play(self, step: dict[str, Any]) -> None:
        step = dict(step)
        gets = step.pop("gets", [])
        rejects = step.pop("rejects", [])
        ((event, value),) = step.items()
        rejections = getattr(self, f"_on_{event}")(value) or []
        assert [[SHORT[r.type_url], r.name] for r in rejections] == rejects
        sent = []
        while (batch := self.session.next_batch()) is not None:
            self.unanswered[SHORT[batch.type_url]].append(batch.nonce)
            sent.append(self._as_data(batch))
        assert sent == gets

    def _as_data(self, batch: Batch) -> dict[str, Any]:
        data: dict[str, Any] = {"type": SHORT[batch.type_url]}
        if batch.changed:
            data["resources"] = {name: int(batch.blob(name).body.split()[-1]) for name in batch.changed}
        if batch.removed:
            data["removed"] = list(batch.removed)
        return data

    def _secret(self, name: str) -> Blob | None:
        revision = self.state["SDS"].get(name)
        return None if revision is None else resource("SDS", name, revision)

    def _table(self, kind: str, names: dict[str, int], *key: str) -> Table[str, Blob]:
        """The table of these revisions, derived from its predecessor or kept when nothing differs."""
        old = self.tables.get((kind, *key), Table())
        new = {name: resource(kind, name, revision) for name, revision in names.items()}
        changed = {name: blob for name, blob in new.items() if old.get(name) != blob}
        removed = tuple(name for name in old if name not in new)
        if changed or removed:
            old = old.derive(changed, removed)
        self.tables[kind, *key] = old
        return old

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            (self._table("CDS", self.state["CDS"]),),
            (self._table("EDS", self.state["EDS"]),),
            (self._table("LDS", self.state["LDS"]),),
            (self._table("RDS", self.state["RDS"]),),
            {name: (self._table("VHDS", hosts, name),) for name, hosts in self.state["VHDS"].items()},
        )

    def _publish(self) -> None:
        self.published = True
        self.session.publish(self._snapshot())
        self.session.secrets_changed()

    def _on_state(self, value: dict[str, Any]) -> None:
        self.state = {kind: dict(value.get(kind, {})) for kind in URL}
        self._publish()

    def _on_change(self, value: dict[str, Any]) -> None:
        for kind, changes in value.items():
            if kind == "VHDS":
                for table, hosts in changes.items():
                    if hosts is None:
                        del self.state[kind][table]
                    else:
                        _merge(self.state[kind].setdefault(table, {}), hosts)
            else:
                _merge(self.state[kind], changes)
        self._publish()

    def _on_request(self, value: dict[str, Any]) -> Any:
        kind = value["type"]
        claims = {name: resource(kind, name, revision).version for name, revision in value.get("claims", {}).items()}
        return self.session.receive(
            Request(
                URL[kind],
                subscribe=tuple(value.get("subscribe", ())),
                unsubscribe=tuple(value.get("unsubscribe", ())),
                claims=claims,
            )
        )

    def _on_ack(self, kind: str) -> Any:
        return self.session.receive(Request(URL[kind], nonce=self.unanswered[kind].pop(0)))

    def _on_nack(self, value: dict[str, str]) -> Any:
        kind = value["type"]
        return self.session.receive(Request(URL[kind], nonce=self.unanswered[kind].pop(0), error=value["error"]))

    def _on_status(self, value: str) -> None:
        assert str(self.session.status()) == value

    def _on_reconnect(self, same_server: bool) -> None:
        self._connect(self.session.doubts() if same_server else None)


def _merge(target: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, revision in changes.items():
        if revision is None:
            del target[name]
        else:
            target[name] = revision


def load(path: Path) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = yaml.safe_load(path.read_text())["steps"]
    return steps
