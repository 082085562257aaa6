# SPDX-License-Identifier: Apache-2.0
"""`simulation.json`: Istio's simulation tests, replayed on our own configuration."""

from __future__ import annotations

import json
from typing import Any

from lateen.compile.workload import Role, Workload, labels_of
from tests.conformance.compiled import resources
from tests.conformance.documents import load
from tests.conformance.report import Report
from tests.conformance.simulation import check, run, serves_file_certificate

_SERVICE_ENTRY = "TestServiceEntry"
"""The rows of this test are about a proxy of their own, which the row does not describe."""

_SKIPPED = {
    "TestInboundSidecarTLSModes": "TLS of Sidecar ingress listeners: in Istio behind a flag that is off",
}
_REFUSED = "Istio makes two chains for one connection, which Envoy refuses; the newer one is left out here"
_DOMAIN = ".svc.cluster.local"


def simulation(rows: list[dict[str, Any]]) -> Report:
    """Replay the rows; one passes when all of its calls do."""
    report = Report()
    for row in rows:
        if row["func"] in _SKIPPED:
            report.skip(_SKIPPED[row["func"]])
            continue
        if any((call["expect"].get("Error") or {}).get("error") == "ErrMultipleFilterChain" for call in row["calls"]):
            report.skip(_REFUSED)
            continue
        report.judge(f"{row['func']}/{row['name']}", problems(row))
    return report


def problems(row: dict[str, Any]) -> list[str]:
    """What is wrong with the outcome of a row's calls."""
    texts = [text for text in (row["config"], row["kube_config"]) if text]
    dump = resources(load("\n---\n".join(texts), json.dumps(row.get("mesh_config"))), proxy_of(row))
    found = []
    for call in row["calls"]:
        result = run(dump, {"HostHeader": "unnamed", **call["call"]})
        wrong = check(result, _qualified(call["expect"], result.cluster))
        if call["call"].get("check_downstream_tls_is_sds_file_cert_no_client_cert"):
            wrong += serves_file_certificate(dump, result)
        found += [f"{call['name']}: {problem}" for problem in wrong]
    return found


def _qualified(expect: dict[str, Any], cluster: str) -> dict[str, Any]:
    """The rows' store of configuration knows no DNS domain, so that short names of destinations end early there."""
    if cluster and f"{expect.get('ClusterMatched')}{_DOMAIN}" == cluster:
        return {**expect, "ClusterMatched": cluster}
    return expect


def proxy_of(row: dict[str, Any]) -> Workload:
    """The proxy that a row describes in words: `sidecar ip 1.1.1.1 labels app=foo`, `router labels … ns …`."""
    role, *words = row["proxy"].split()
    said = dict(zip(words[::2], words[1::2], strict=True))
    ips, labels = (said.get("ip", "1.1.1.1"),), said.get("labels", "")
    if row["func"] == _SERVICE_ENTRY:
        ips, labels = ("127.0.0.1", "1234::1234"), "app=foo"
    return Workload(
        role=Role(role),
        name="proxy",
        namespace=said.get("ns", "default"),
        ips=ips,
        labels=labels_of(dict(pair.split("=", 1) for pair in labels.split(",") if pair)),
    )
