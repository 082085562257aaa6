# SPDX-License-Identifier: Apache-2.0
"""Sidecars for the pods of the embedded API: `inject` as a step of its admission."""

from __future__ import annotations

from lateen.apiserver.operations.call import Call
from lateen.apiserver.operations.cluster import Cluster
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.status import bad_request
from lateen.apiserver.store.revision import Key
from lateen.apiserver.strategy.pod_defaults import default_spec
from lateen.inject import Settings, review_pod

SETTINGS = Settings(
    # The node asks an application's probes past its sidecar, and has no agent beside Envoy that would pass them on or
    # join its metrics to the application's.
    rewrite_probes=False,
    merge_prometheus=False,
    native_sidecars=False,
    hold_application_until_proxy_starts=False,
)


def admit(cluster: Cluster, call: Call, new: Document | None, old: Document | None) -> None:
    """Add the sidecar to a pod that is to have one. Raises ApiError where its annotations make no sense."""
    if new is None or old is not None or call.kind.resource != "pods" or call.subresource:
        return
    namespace = cluster.store.head(Key("namespaces", "", call.namespace))
    labels = (namespace.document()["metadata"].get("labels") or {}) if namespace is not None else {}
    pod = {**new, "metadata": {**new["metadata"], "namespace": call.namespace}}
    found = review_pod(pod, labels, SETTINGS)
    if found.is_refused:
        problems = "; ".join(str(problem) for problem in found.diagnostics)
        raise bad_request(f'admission webhook "namespace.sidecar-injector.istio.io" denied the request: {problems}')
    if found.document is not None:
        default_spec(found.document["spec"])
        new.clear()
        new.update(found.document)
