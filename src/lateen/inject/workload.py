# SPDX-License-Identifier: Apache-2.0
"""Injection into documents as users write them: pods, workloads with a pod template, and lists of those."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from lateen.inject.decision import is_wanted
from lateen.inject.document import Document, mapping
from lateen.inject.owner import Owner, owner_of
from lateen.inject.pod import Injection, add_templates
from lateen.inject.settings import Settings
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.ref import Ref

_POD_TEMPLATE: Final = ("spec", "template")
TEMPLATES: Final = {
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"), _POD_TEMPLATE),
    **dict.fromkeys(("ReplicationController", "DeploymentConfig"), _POD_TEMPLATE),
}
"""Kind -> where its pod template is."""


def inject_document(document: Document, settings: Settings) -> Injection:
    """The document with sidecars, whatever its namespace's labels say, as `istioctl kube-inject` does it.

    `document` of the result is None for what is not injected: kinds without pods, pods that want no sidecar (an info
    says so), and what is wrong (an error says so).
    """
    match document.get("kind"):
        case "List" if isinstance(document.get("items"), list):
            return _list(document, settings)
        case "Pod":
            return _inject(document, owner_of(document), settings)
        case "CronJob":
            return _cron_job(document, settings)
        case str(kind) if kind in TEMPLATES:
            return _workload(document, settings)
        case _:
            return Injection(None)


def _list(document: Document, settings: Settings) -> Injection:
    """The list with its items injected; those that are refused are left out."""
    items: list[Any] = []
    found: list[Diagnostic] = []
    changed = False
    for item in document["items"]:
        injection = inject_document(item, settings) if isinstance(item, dict) else Injection(None)
        found += injection.diagnostics
        changed = changed or injection.document is not None or injection.is_refused
        if injection.document is not None or not injection.is_refused:
            items.append(item if injection.document is None else injection.document)
    return Injection({**document, "items": items} if changed else None, tuple(found))


def _owner(document: Document) -> Owner:
    meta = mapping(document.get("metadata"))
    texts = (document.get("apiVersion"), document.get("kind"), meta.get("name"), meta.get("namespace"))
    return Owner(*(text if isinstance(text, str) else "" for text in texts))


def _workload(document: Document, settings: Settings) -> Injection:
    spec = mapping(document.get("spec"))
    template = mapping(spec.get("template"))
    injection = _inject(template, _owner(document), settings)
    if injection.document is None:
        return injection
    return msgspec.structs.replace(injection, document={**document, "spec": {**spec, "template": injection.document}})


def _cron_job(document: Document, settings: Settings) -> Injection:
    """Labels and annotations of a CronJob's sidecar stand at its job template, as Istio has them."""
    spec = mapping(document.get("spec"))
    job = mapping(spec.get("jobTemplate"))
    job_spec = mapping(job.get("spec"))
    template = mapping(job_spec.get("template"))
    pod = {"metadata": mapping(job.get("metadata")), "spec": template.get("spec")}
    injection = _inject(pod, _owner(document), settings)
    if injection.document is None:
        return injection
    injected = injection.document
    template = {**template, "spec": injected["spec"]}
    job = {**job, "metadata": injected["metadata"], "spec": {**job_spec, "template": template}}
    return msgspec.structs.replace(injection, document={**document, "spec": {**spec, "jobTemplate": job}})


def _inject(pod: Document, owner: Owner, settings: Settings) -> Injection:
    meta = mapping(pod.get("metadata"))
    placed = {**pod, "metadata": {**meta, "namespace": meta.get("namespace") or owner.namespace}}
    if is_wanted(placed, settings):
        return add_templates({**pod, "metadata": meta}, owner, settings)
    host_network = mapping(pod.get("spec")).get("hostNetwork") is True
    reason = "host networking enabled" if host_network else "sidecar injection disabled"
    skipped = Diagnostic(
        severity=Severity.INFO,
        code="not-injected",
        message=f"not injected because it has {reason}",
        ref=Ref(owner.kind, owner.namespace, owner.name, owner.api_version.rpartition("/")[0]),
    )
    return Injection(None, (skipped,))
