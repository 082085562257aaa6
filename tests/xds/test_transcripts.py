# SPDX-License-Identifier: Apache-2.0
"""Every transcript in `transcripts/`: what is said on a stream, event by event."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.xds.transcript import FOLDER, Player, load


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    player = Player()
    for number, step in enumerate(load(path), 1):
        try:
            player.play(step)
        except AssertionError as difference:
            raise AssertionError(f"step {number}, {step}: {difference}") from difference
