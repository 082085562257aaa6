# SPDX-License-Identifier: Apache-2.0
"""`sidecar_routes.json`: which clusters a host leads to in a sidecar's route table."""

from __future__ import annotations

from typing import Any

from lateen.compile.workload import Role, Workload
from tests.conformance.compiled import resources
from tests.conformance.documents import load
from tests.conformance.report import Report


def sidecar_routes(rows: list[dict[str, Any]]) -> Report:
    """Replay the rows; those of Gateway API wait for that kind."""
    report = Report()
    for row in rows:
        if "HTTPRoute" in row["config"]:
            report.skip("Kubernetes Gateway API")
        else:
            report.judge(f"{row['name']} ({row['proxy_namespace']}, table {row['route_name']})", problems(row))
    return report


def problems(row: dict[str, Any]) -> list[str]:
    """What is wrong with our table."""
    workload = Workload(role=Role.SIDECAR, name="proxy", namespace=row["proxy_namespace"], ips=("1.1.1.1",))
    table = resources(load(row["config"], None), workload)["routes"].get(row["route_name"], {})
    ours = clusters_by_domain(table)
    return [
        f"{host} leads to {ours.get(host)}, with Istio to {clusters}"
        for host, clusters in row["expected_virtual_hosts"].items()
        if ours.get(host) != clusters
    ]


def clusters_by_domain(table: dict[str, Any]) -> dict[str, list[str]]:
    """Domain -> the clusters of its routes, in order; all those of a weighted route."""
    found: dict[str, list[str]] = {}
    for virtual_host in table.get("virtualHosts", ()):
        clusters: list[str] = []
        for route in virtual_host["routes"]:
            action = route.get("route", {})
            weighted = action.get("weightedClusters", {}).get("clusters", ())
            clusters += [cluster["name"] for cluster in weighted] or ([action["cluster"]] if action else [])
        found.update(dict.fromkeys(virtual_host["domains"], clusters))
    return found
