# SPDX-License-Identifier: Apache-2.0
"""Sidecar injection as Istio's webhook does it, for the embedded API and `lateen inject`.

Everything here is a function of plain data; documents are the dictionaries that JSON or YAML gives, and none that is
handed in is changed or shared with the result.

`inject_pod(pod, namespace_labels, settings)` is for whoever creates pods: the pod with its sidecar, or None when it
gets none. The pod needs `metadata.namespace`, and its owner's reference for the names in the proxy's metadata.
`review_pod` answers the same with the reasons: an Injection whose `is_refused` means that the webhook refuses the pod,
because of the annotations that `diagnostics` names. `inject_document` is for files: pods, workloads and lists.

Injecting again what was injected by the same settings changes nothing: the annotation `sidecar.istio.io/status` says
what was added, `proxy.istio.io/overrides` what the user had written into it.
"""

from lateen.inject.pod import Injection, inject_pod, review_pod
from lateen.inject.settings import Settings
from lateen.inject.workload import inject_document

__all__ = ["Injection", "Settings", "inject_document", "inject_pod", "review_pod"]
