# SPDX-License-Identifier: Apache-2.0
"""Whether a pod gets a sidecar (https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lateen.inject import annotation
from lateen.inject.document import Document, annotations_of, labels_of, mapping
from lateen.inject.settings import Settings

NAMESPACE_LABEL: Final = "istio-injection"
_YES: Final = ("y", "yes", "true", "on")


def is_selected(pod: Document, namespace_labels: Mapping[str, str], settings: Settings) -> bool:
    """Whether the webhook is asked at all: the selectors of Istio's MutatingWebhookConfiguration.

    A namespace says `istio-injection=enabled` (for the default revision) or `istio.io/rev=REVISION`; where it says
    neither, the pod's labels may. A pod's label `sidecar.istio.io/inject=false` always keeps the webhook away.
    """
    labels = labels_of(pod)
    own = labels.get(annotation.INJECT)
    if own == "false":
        return False
    injection = namespace_labels.get(NAMESPACE_LABEL)
    revision = namespace_labels.get(annotation.REVISION)
    is_default = settings.revision == "default"
    if injection is not None:
        return injection == "enabled" and is_default
    if revision is not None:
        return revision == settings.revision
    if annotation.REVISION in labels:
        return labels[annotation.REVISION] == settings.revision
    return own == "true" and is_default


def is_wanted(pod: Document, settings: Settings) -> bool:
    """Whether a pod that the webhook is asked about gets a sidecar; files given to `lateen inject` start here.

    Not with the host's network, whose redirection would be the node's; not in the namespaces of Kubernetes itself; not
    where the label or, without one, the annotation `sidecar.istio.io/inject` says otherwise.
    """
    if mapping(pod.get("spec")).get("hostNetwork") is True:
        return False
    if mapping(pod.get("metadata")).get("namespace") in settings.ignored_namespaces:
        return False
    word = labels_of(pod).get(annotation.INJECT, annotations_of(pod).get(annotation.INJECT, ""))
    return not word or word.lower() in _YES
