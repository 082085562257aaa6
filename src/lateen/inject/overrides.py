# SPDX-License-Identifier: Apache-2.0
"""What the user writes into containers that injection adds: it wins over the template, now and when injected again.

The image `auto` stands for the template's. The annotation proxy.istio.io/overrides remembers what was written.
"""

from __future__ import annotations

import copy
import json
from typing import Final

from lateen.inject import annotation
from lateen.inject.document import (
    PROXY,
    VALIDATION,
    Document,
    annotations_of,
    containers,
    mapping,
    named,
    objects,
    sidecar_of,
)
from lateen.inject.init_container import PROXY_USER
from lateen.inject.status import Injected, earlier_injection
from lateen.inject.strategic_merge import merge

_FIELDS: Final = ("containers", "initContainers")
_AUTO: Final = "auto"


def remembered(pod: Document) -> dict[str, list[Document]]:
    """The overrides in the pod's annotation, which has been checked."""
    data = json.loads(annotations_of(pod).get(annotation.OVERRIDES, "{}"))
    return {field: objects(data.get(field)) for field in _FIELDS}


def reinsert(pod: Document) -> Document:
    """The pod with remembered containers that it lacks, so that templates see it as at the first injection."""
    pod = copy.deepcopy(pod)
    spec = mapping(pod.get("spec"))
    for field, items in remembered(pod).items():
        missing = [item for item in items if named(containers(pod, field), str(item.get("name"))) is None]
        if missing:
            spec[field] = [*objects(spec.get(field)), *missing]
    return pod


def align_proxy(pod: Document, template: Document) -> Document:
    """The pod with the proxy's container in the list where the template has it."""
    for source, destination in (_FIELDS, _FIELDS[::-1]):
        proxy = named(containers(pod, source), PROXY)
        if proxy is None or named(containers(template, destination), PROXY) is None:
            continue
        spec = dict(pod["spec"])
        spec[source] = [item for item in objects(spec[source]) if item is not proxy]
        # A native sidecar's own field, which an ordinary container must not have.
        moved = {key: value for key, value in proxy.items() if key != "restartPolicy"}
        spec[destination] = [*objects(spec.get(destination)), moved]
        pod = {**pod, "spec": spec}
    return pod


def reapply(final: Document, original: Document, template: Document) -> Document:
    """`final` with the user's containers on top of the template's of the same names, remembered in an annotation."""
    earlier = earlier_injection(original)
    known = remembered(original)
    found: dict[str, list[Document]] = {}
    for field in _FIELDS:
        for container in containers(template, field):
            overlay = _overlay(original, known, earlier, field, str(container.get("name")))
            if overlay is not None:
                found.setdefault(field, []).append(overlay)
                final = merge(final, {"spec": {field: [overlay]}})
    if found and earlier is None:
        text = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
        final = merge(final, {"metadata": {"annotations": {annotation.OVERRIDES: text}}})
    return final


def _overlay(
    original: Document, known: dict[str, list[Document]], earlier: Injected | None, field: str, name: str
) -> Document | None:
    match = named(known[field], name)
    if match is None:
        if earlier is not None and name in earlier.of(field):
            return None
        match = named(containers(original, "containers"), name)
        # An init container that becomes an ordinary one is the user's only as long as nothing has been injected.
        if match is None and (field == "initContainers" or earlier is None):
            match = named(containers(original, "initContainers"), name)
    if match is None:
        return None
    dropped = {"image"} if match.get("image") == _AUTO else set()
    if field == "containers":
        dropped.add("restartPolicy")
    return {key: value for key, value in match.items() if key not in dropped}


def follow_user(final: Document, original: Document, init_name: str, interception_mode: str) -> None:
    """Exempt the user that the proxy runs as from redirection, where the pod itself chooses one; changes `final`.

    `init_name` is the container that redirects or checks the redirection; with TPROXY the proxy stays root.
    """
    own = named([item for items in remembered(original).values() for item in items], PROXY)
    if own is None and earlier_injection(original) is None:
        own = sidecar_of(original)
    context = mapping(own.get("securityContext")) if own is not None else {}
    user, group = context.get("runAsUser"), context.get("runAsGroup")
    init = named(containers(final, "initContainers"), init_name)
    if init is None or (user is None and group is None):
        return
    if interception_mode == "TPROXY":
        proxy = sidecar_of(final)
        if user is not None and proxy is not None:
            proxy["securityContext"]["runAsUser"] = 0
    elif init_name == VALIDATION:
        wanted = (("runAsUser", user), ("runAsGroup", group))
        mapping(init.setdefault("securityContext", {})).update(
            {key: value for key, value in wanted if value is not None}
        )
    arguments = init.get("args")
    if user and user != PROXY_USER and isinstance(arguments, list) and "-u" in arguments[:-1]:
        arguments[arguments.index("-u") + 1] = str(user)
