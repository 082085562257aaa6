# SPDX-License-Identifier: Apache-2.0
"""Injection into documents as users write them."""

from __future__ import annotations

from typing import Any

import pytest

from lateen.inject import Settings, annotation, inject_document
from tests.inject.pods import environment, pod


def workload(kind: str, template: dict[str, Any], api_version: str = "apps/v1") -> dict[str, Any]:
    meta = {"name": "shop", "namespace": "market"}
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, "spec": {"template": template}}


def template(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    document = pod(annotations, **spec)
    return {"metadata": {"annotations": annotations or {}}, "spec": document["spec"]}


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"])
def test_workloads(kind: str) -> None:
    found = inject_document(workload(kind, template()), Settings()).document
    assert found is not None
    inner = found["spec"]["template"]
    owner = environment(inner)["ISTIO_META_OWNER"]
    assert owner == f"kubernetes://apis/apps/v1/namespaces/market/{kind.lower()}s/shop"
    assert "namespace" not in inner["metadata"]
    assert inject_document(found, Settings()).document == found


def test_cron_jobs() -> None:
    document = workload("CronJob", {}, "batch/v1")
    document["spec"] = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template()}}}
    found = inject_document(document, Settings()).document
    assert found is not None
    job = found["spec"]["jobTemplate"]
    assert annotation.STATUS in job["metadata"]["annotations"]
    assert environment(job["spec"]["template"])["ISTIO_META_WORKLOAD_NAME"] == "shop"
    assert inject_document(found, Settings()).document == found


def test_a_bad_item_does_not_break_its_list() -> None:
    bad = pod({annotation.STATUS_PORT: "x"})
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    injection = inject_document({"apiVersion": "v1", "kind": "List", "items": [bad, service, pod()]}, Settings())
    assert injection.is_refused
    assert injection.document is not None
    kept_service, injected_pod = injection.document["items"]
    assert kept_service == service
    assert "istio-proxy" in str(injected_pod)


def test_what_is_not_injected_is_told() -> None:
    for inner, reason in (
        (template(hostNetwork=True), "host networking enabled"),
        (template({annotation.INJECT: "false"}), "sidecar injection disabled"),
    ):
        injection = inject_document(workload("Deployment", inner), Settings())
        assert (injection.document, injection.is_refused) == (None, False)
        (told,) = injection.diagnostics
        assert str(told.ref) == "Deployment/market/shop"
        assert reason in told.message


def test_namespaces_of_kubernetes_are_left_alone() -> None:
    document = workload("Deployment", template())
    document["metadata"]["namespace"] = "kube-system"
    assert inject_document(document, Settings()).document is None


@pytest.mark.parametrize("spec", [None, {}, {"template": None}, {"template": {"spec": []}}, "text"])
def test_workloads_without_pods(spec: Any) -> None:
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": spec}
    assert inject_document(document, Settings()).is_refused


@pytest.mark.parametrize("containers", [None, [], "text", [None, 7], [{"ports": "x", "env": 3, "readinessProbe": []}]])
def test_nonsense_in_a_pod_does_not_escape(containers: Any) -> None:
    document = pod()
    document["spec"] = {"containers": containers, "initContainers": containers, "volumes": 3}
    document["metadata"]["annotations"] = {"a": 1}
    assert not inject_document(document, Settings()).is_refused


def test_other_kinds() -> None:
    assert inject_document({"kind": "Service"}, Settings()).document is None
    assert inject_document({}, Settings()).document is None
