# SPDX-License-Identifier: Apache-2.0
"""`python -m bench`: the benchmarks that need nothing but this machine, one after the other.

Absolute times say something only within one run on one machine; each benchmark prints ratios or counts beside them.
"""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    ("bench.compile_shapes", "compiling, and one edit, for the shapes of Istio's own benchmarks"),
    ("bench.scoping", "what an edit costs those whom it does not concern"),
    ("bench.edit_under_load", "requests through a real Envoy while its routes change"),
)


def main() -> int:
    """Run them all; the first that fails ends it."""
    for module, purpose in BENCHMARKS:
        print(f"\n== {module}: {purpose}", flush=True)
        done = subprocess.run([sys.executable, "-m", module], check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
