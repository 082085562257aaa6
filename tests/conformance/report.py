# SPDX-License-Identifier: Apache-2.0
"""What replaying a corpus gave."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Report:
    """Counts of one corpus; `misses` says of each row that failed which it was and what was wrong."""

    rows: int = 0
    passed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    misses: list[str] = field(default_factory=list)

    def skip(self, reason: str) -> None:
        """Count a row that does not apply."""
        self.rows += 1
        self.skipped[reason] = self.skipped.get(reason, 0) + 1

    def judge(self, row: str, problems: list[str]) -> None:
        """Count a row that was tried."""
        self.rows += 1
        if problems:
            self.misses.append(f"{row}: " + "; ".join(problems))
        else:
            self.passed += 1

    def summary(self) -> dict[str, object]:
        """As the command prints it with --json."""
        return {"rows": self.rows, "passed": self.passed, "skipped": self.skipped, "misses": self.misses}
