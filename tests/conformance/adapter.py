# SPDX-License-Identifier: Apache-2.0
"""What `../shared/reference/compare.py` asks of this project."""

from __future__ import annotations

from typing import Any

from tests.conformance.compiled import compile_documents
from tests.conformance.simulator import trace_call


def compile(documents: str, mesh_config: str | None, proxies: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: A001
    """The configuration of each proxy, by kind and name."""
    return compile_documents(documents, mesh_config, proxies)


def trace(resources: dict[str, Any], call: dict[str, Any]) -> dict[str, str]:
    """Where a probe's call goes through one proxy's resources, in the words of Istio's simulator."""
    return trace_call(resources, call)
