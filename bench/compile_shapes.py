# SPDX-License-Identifier: Apache-2.0
"""What compiling costs: a mesh from nothing, and one edit of it, for the shapes of Istio's own benchmarks.

    python -m bench.compile_shapes [--size 100] [--times 3]

Prints, for each shape, milliseconds of this machine (compare only within one run) and what does not depend on it: how
many queries an edit recomputes, and the edit's share of the whole.
"""

from __future__ import annotations

import argparse
import statistics
import time

import msgspec

from bench.shapes import SHAPES, objects
from lateen.compile.proxy import snapshot
from lateen.compile.workload import Role, Workload
from lateen.model.networking.service_entry import ServiceEntry
from lateen.model.networking.virtual_service import VirtualService
from lateen.model.resource import Resource
from lateen.state.state import State


def edited(resource: Resource, marker: str) -> Resource:
    """The object with a small change that shows in the configuration of proxies."""
    if isinstance(resource, VirtualService):
        first = msgspec.structs.replace(resource.spec.http[0], name=marker)
        spec = msgspec.structs.replace(resource.spec, http=(first, *resource.spec.http[1:]))
        return msgspec.structs.replace(resource, spec=spec)
    assert isinstance(resource, ServiceEntry)
    number = int(marker) + 2000
    port = msgspec.structs.replace(resource.spec.ports[0], target_port=number)
    return msgspec.structs.replace(resource, spec=msgspec.structs.replace(resource.spec, ports=(port,)))


def measure(name: str, size: int, times: int) -> None:
    """One row of the table."""
    generator, role = SHAPES[name]
    found = objects(generator(size))
    workload = Workload(
        role=Role(role), name="bench", namespace="default", ips=("1.1.1.1",), labels=(("istio", "ingressgateway"),)
    )
    builds, edits, counts = [], [], []
    for _ in range(times):
        state = State()
        started = time.perf_counter()
        state.apply((resource.ref, resource) for resource in found)
        state.db.pin(snapshot, workload)
        builds.append(time.perf_counter() - started)
    target = next(r for r in reversed(found) if isinstance(r, VirtualService | ServiceEntry))
    for n in range(times * 5):
        changed = edited(target, str(n))
        state.db.computed = []
        started = time.perf_counter()
        state.apply([(changed.ref, changed)])
        state.db.refresh()
        edits.append(time.perf_counter() - started)
        counts.append(len(state.db.computed))
    build, edit = statistics.median(builds), statistics.median(edits)
    print(
        f"{name:28}{len(found):>8}{build * 1000:>10.1f}{edit * 1000:>10.2f}{edit / build:>10.4f}"
        f"{int(statistics.median(counts)):>9}"
    )


def main() -> None:
    """Measure every shape."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=100, help="services")
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    print(f"{'shape':28}{'objects':>8}{'build ms':>10}{'edit ms':>10}{'edit/all':>10}{'queries':>9}")
    for name in SHAPES:
        measure(name, options.size, options.times)


if __name__ == "__main__":
    main()
