# SPDX-License-Identifier: Apache-2.0
"""Injection into one pod, from beginning to end."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from lateen.inject import annotation, overrides, templates
from lateen.inject.annotation_validation import check
from lateen.inject.decision import is_selected, is_wanted
from lateen.inject.document import Document, annotations_of, mapping
from lateen.inject.order import order_containers
from lateen.inject.owner import Owner, owner_of
from lateen.inject.probes import rewrite_probes
from lateen.inject.prometheus import merge_prometheus
from lateen.inject.settings import Settings
from lateen.inject.status import status_annotation, without_earlier
from lateen.inject.strategic_merge import merge
from lateen.inject.target import Target
from lateen.model.diagnostic import Diagnostic, Severity
from lateen.model.mesh.proxy_defaults import ProxyDefaults
from lateen.model.ref import Ref
from lateen.parse import proxy_defaults


class Injection(msgspec.Struct, frozen=True):
    """What came of injecting a document."""

    document: Document | None
    """The document with what was added; None when nothing was, or when an annotation makes no sense."""
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether something is wrong, so that the webhook would refuse the pod."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self.diagnostics)


def inject_pod(pod: Document, namespace_labels: Mapping[str, str], settings: Settings) -> Document | None:
    """The pod with its sidecar; None when it is not injected. `review_pod` says why a pod is refused."""
    return review_pod(pod, namespace_labels, settings).document


def review_pod(pod: Document, namespace_labels: Mapping[str, str], settings: Settings) -> Injection:
    """What Istio's webhook answers for a pod that is being created in a namespace with these labels."""
    if not is_selected(pod, namespace_labels, settings) or not is_wanted(pod, settings):
        return Injection(None)
    return add_templates(pod, owner_of(pod), settings)


def add_templates(pod: Document, owner: Owner, settings: Settings) -> Injection:
    """Inject, whatever the labels say. The pod itself is not changed."""
    found = annotations_of(pod)
    proxy_config, problems = _proxy_config(found, settings)
    problems = (*check(found), *problems)
    names = templates.chosen(found)
    if isinstance(names, Diagnostic):
        problems, names = (*problems, names), ()
    if not isinstance(pod.get("spec"), dict):
        problems = (*problems, _no_spec())
    ref = Ref(owner.kind, owner.namespace, owner.name, owner.api_version.rpartition("/")[0])
    result = Injection(None, tuple(msgspec.structs.replace(problem, ref=ref) for problem in problems))
    if result.is_refused:
        return result
    seen = overrides.reinsert(without_earlier(pod))
    target = Target(seen, owner, settings, proxy_config)
    return msgspec.structs.replace(result, document=_injected(pod, target, names))


def _injected(pod: Document, target: Target, names: tuple[str, ...]) -> Document:
    template: Document = {}
    final = pod
    for name in names:
        part = templates.TEMPLATES[name](target)
        template = merge(template, part)
        final = merge(overrides.align_proxy(final, template), part)
    final = overrides.reapply(final, pod, template)
    overrides.follow_user(final, pod, target.init_container_name, target.interception_mode)
    merge_prometheus(final, target)
    rewrite_probes(final, target)
    meta = mapping(final["metadata"])
    meta["annotations"][annotation.STATUS] = status_annotation(template, target.settings.revision)
    if target.network:
        meta["labels"][annotation.NETWORK] = target.network
    order_containers(final, target)
    return final


def _proxy_config(found: Mapping[str, str], settings: Settings) -> tuple[ProxyDefaults, tuple[Diagnostic, ...]]:
    text = found.get(annotation.PROXY_CONFIG)
    if text is None:
        return settings.proxy_config, ()
    proxy_config, problems = proxy_defaults(text, settings.proxy_config)
    prefix = f"invalid value '{text}' for annotation '{annotation.PROXY_CONFIG}': "
    place = f"metadata.annotations[{annotation.PROXY_CONFIG}]"
    return proxy_config, tuple(
        msgspec.structs.replace(
            problem,
            message=prefix + (f"{problem.field}: " if problem.field else "") + problem.message,
            field=place,
            line=0,
            column=0,
        )
        for problem in problems
    )


def _no_spec() -> Diagnostic:
    hint = "write spec.containers"
    return Diagnostic(
        severity=Severity.ERROR, code="no-spec", message="spec is required value", hint=hint, field="spec"
    )
