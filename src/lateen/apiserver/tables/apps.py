# SPDX-License-Identifier: Apache-2.0
"""The tables of workloads: Deployment, ReplicaSet, StatefulSet, DaemonSet, ControllerRevision."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.apiserver.registry.kind import Column, Document, Table
from lateen.apiserver.tables.columns import AGE, NAME, NONE, age_of, labels_text, name_of, selector_text

_CONTAINERS = Column("Containers", priority=1)
_IMAGES = Column("Images", priority=1)
_SELECTOR = Column("Selector", priority=1)


def containers(document: Document) -> list[str]:
    """Names and images of a pod template's containers."""
    found = document.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or ()
    return [",".join(c.get("name", "") for c in found), ",".join(c.get("image", "") for c in found)]


def _deployment(document: Document, now: datetime) -> list[Any]:
    spec, status = document["spec"], document.get("status") or {}
    return [
        name_of(document),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age_of(document, now),
        *containers(document),
        selector_text(spec.get("selector")),
    ]


DEPLOYMENT = Table(
    (NAME, Column("Ready"), Column("Up-to-date"), Column("Available"), AGE, _CONTAINERS, _IMAGES, _SELECTOR),
    _deployment,
)


def _replica_set(document: Document, now: datetime) -> list[Any]:
    spec, status = document["spec"], document.get("status") or {}
    return [
        name_of(document),
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age_of(document, now),
        *containers(document),
        selector_text(spec.get("selector")),
    ]


_REPLICAS = (Column("Desired", "integer"), Column("Current", "integer"), Column("Ready", "integer"))

REPLICA_SET = Table((NAME, *_REPLICAS, AGE, _CONTAINERS, _IMAGES, _SELECTOR), _replica_set)


def _stateful_set(document: Document, now: datetime) -> list[Any]:
    spec, status = document["spec"], document.get("status") or {}
    return [
        name_of(document),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        age_of(document, now),
        *containers(document),
    ]


STATEFUL_SET = Table((NAME, Column("Ready"), AGE, _CONTAINERS, _IMAGES), _stateful_set)


def _daemon_set(document: Document, now: datetime) -> list[Any]:
    spec, status = document["spec"], document.get("status") or {}
    return [
        name_of(document),
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        labels_text(spec["template"].get("spec", {}).get("nodeSelector")),
        age_of(document, now),
        *containers(document),
        selector_text(spec.get("selector")),
    ]


DAEMON_SET = Table(
    (
        NAME,
        *_REPLICAS,
        Column("Up-to-date", "integer"),
        Column("Available", "integer"),
        Column("Node Selector"),
        AGE,
        _CONTAINERS,
        _IMAGES,
        _SELECTOR,
    ),
    _daemon_set,
)


def _controller_revision(document: Document, now: datetime) -> list[Any]:
    owner = next((o for o in document["metadata"].get("ownerReferences") or () if o.get("controller")), None)
    shown = NONE
    if owner is not None:
        group = owner["apiVersion"].rpartition("/")[0]
        shown = f"{owner['kind'].lower()}{'.' + group if group else ''}/{owner['name']}"
    return [name_of(document), shown, document.get("revision", 0), age_of(document, now)]


CONTROLLER_REVISION = Table((NAME, Column("Controller"), Column("Revision"), AGE), _controller_revision)
