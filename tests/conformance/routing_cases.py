# SPDX-License-Identifier: Apache-2.0
"""`routing_cases.json`: live traffic through real sidecars and a real gateway, in network namespaces of their own."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.conformance.echo.apps import echo_mesh
from tests.conformance.echo.rows import MESH_CONFIG, SkippedError, replay
from tests.conformance.report import Report


def routing_cases(rows: list[dict[str, Any]]) -> Report:
    """Replay the rows."""
    return asyncio.run(_replay(rows))


async def _replay(rows: list[dict[str, Any]]) -> Report:
    report = Report()
    by_settings: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        by_settings.setdefault(MESH_CONFIG.get(row["group"]), []).append(row)
    for settings, part in by_settings.items():
        async with echo_mesh(settings) as mesh:
            for row in part:
                name = f"{row['group']} {row['name']} (line {row['line']})"
                try:
                    report.judge(name, await replay(mesh, row))
                except SkippedError as skipped:
                    report.skip(f"{row['group']} {row['name']}: {skipped}")
                except (AssertionError, OSError, ValueError) as problem:
                    report.judge(name, [f"{type(problem).__name__}: {problem}"])
    return report
