# SPDX-License-Identifier: Apache-2.0
"""kill -9 at random moments under writes: nothing acknowledged is lost, nothing is half there, watches resume.

`LATEEN_KILL_ROUNDS` sets the number of rounds (3 unless told).
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.apiserver.conftest import Running, start, stop

ROUNDS = int(os.environ.get("LATEEN_KILL_ROUNDS", "3"))
PATH = "/api/v1/namespaces/default/configmaps"


class Writer(threading.Thread):
    """Creates, changes and deletes objects of its own, and notes what was acknowledged."""

    def __init__(self, running: Running, number: int, state: dict[str, str | None]) -> None:
        super().__init__()
        self.running, self.number, self.state = running, number, state
        self.open: str | None = None
        """The object whose last write was not answered: it may have happened or not."""
        self.acknowledged = 0

    def run(self) -> None:
        chance = random.Random(f"{self.number} {time.time()}")
        try:
            with self.running.client() as client:
                for step in range(100_000):
                    name = f"w{self.number}-{chance.randrange(30)}"
                    self.open = name
                    value = f"{step}-" + "x" * chance.randrange(2000)
                    self.write(client, name, value, chance)
                    self.acknowledged += 1
        except (httpx.TransportError, ValueError):
            return

    def write(self, client: httpx.Client, name: str, value: str, chance: random.Random) -> None:
        body = {"metadata": {"name": name}, "data": {"value": value, "check": str(len(value))}}
        if name not in self.state or self.state[name] is None:
            answer = client.post(PATH, json=body)
            assert answer.status_code == 201, answer.text
            self.state[name] = value
        elif chance.random() < 0.2:
            answer = client.delete(f"{PATH}/{name}")
            assert answer.status_code == 200, answer.text
            self.state[name] = None
        else:
            answer = client.put(f"{PATH}/{name}", json=body)
            assert answer.status_code == 200, answer.text
            self.state[name] = value


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_kill(tmp_path: Path, round_: int) -> None:
    running = start(tmp_path / "data")
    states: list[dict[str, str | None]] = [{} for _ in range(4)]
    before = watched(running)
    writers = [Writer(running, number, states[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    deadline = time.monotonic() + 20
    wanted = random.randrange(5, 400)
    while sum(writer.acknowledged for writer in writers) < wanted and time.monotonic() < deadline:
        time.sleep(0.001)
    running.process.send_signal(signal.SIGKILL)
    running.process.wait(10)
    for writer in writers:
        writer.join(20)
    assert sum(writer.acknowledged for writer in writers) > 0

    running = start(tmp_path / "data")
    try:
        with running.client() as client:
            found = {item["metadata"]["name"]: item["data"] for item in client.get(PATH).json()["items"]}
        for data in found.values():
            assert data["check"] == str(len(data["value"]))
        for writer in writers:
            for name, value in writer.state.items():
                if name != writer.open:
                    assert found.get(name, {}).get("value") == value, name
        replayed(running, before, found)
    finally:
        stop(running)


def watched(running: Running) -> str:
    """The resource version of the list as it is now."""
    with running.client() as client:
        return str(client.get(PATH).json()["metadata"]["resourceVersion"])


def replayed(running: Running, version: str, found: dict[str, dict[str, str]]) -> None:
    """A watch from before the kill, after it: every event in order, leading to the present state."""
    state: dict[str, dict[str, str]] = {}
    last = int(version)
    query = {"watch": "true", "resourceVersion": version, "timeoutSeconds": "1"}
    with running.client() as client, client.stream("GET", PATH, params=query) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            event = json.loads(line)
            metadata = event["object"]["metadata"]
            assert int(metadata["resourceVersion"]) > last
            last = int(metadata["resourceVersion"])
            if event["type"] == "DELETED":
                del state[metadata["name"]]
            else:
                assert (metadata["name"] in state) == (event["type"] == "MODIFIED")
                state[metadata["name"]] = event["object"]["data"]
    assert state == found
