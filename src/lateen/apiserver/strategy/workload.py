# SPDX-License-Identifier: Apache-2.0
"""Deployments, ReplicaSets, StatefulSets, DaemonSets and ControllerRevisions."""

from __future__ import annotations

from typing import Any

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.selectors import matches_object
from lateen.apiserver.status import Cause, forbidden_field, go_value, invalid_value, required, unsupported
from lateen.apiserver.strategy import names
from lateen.apiserver.strategy.deployment_strategy import strategy_causes
from lateen.apiserver.strategy.pod_defaults import default_template
from lateen.apiserver.strategy.pod_rules import spec_causes

_IMMUTABLE = "field is immutable"


def _deployment_default(document: Document) -> None:
    spec = document.setdefault("spec", {})
    default_template(document)
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    spec.setdefault("progressDeadlineSeconds", 600)
    strategy = spec.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _replica_set_default(document: Document) -> None:
    default_template(document)
    document.setdefault("spec", {}).setdefault("replicas", 1)


def _stateful_set_default(document: Document) -> None:
    spec = document.setdefault("spec", {})
    default_template(document)
    spec.setdefault("podManagementPolicy", "OrderedReady")
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and strategy.get("rollingUpdate") is not None:
        strategy["rollingUpdate"].setdefault("partition", 0)
    retention = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
        claim["status"] = {"phase": "Pending"}


def _daemon_set_default(document: Document) -> None:
    spec = document.setdefault("spec", {})
    default_template(document)
    strategy = spec.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)
    spec.setdefault("revisionHistoryLimit", 10)


def _validate(document: Document) -> list[Cause]:
    spec = document["spec"]
    found: list[Cause] = []
    if spec.get("replicas", 0) < 0:
        found.append(invalid_value("spec.replicas", spec["replicas"], "must be greater than or equal to 0"))
    selector = spec.get("selector")
    if selector is None:
        found.append(required("spec.selector"))
    else:
        found += _selector_causes(selector)
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            text = "empty selector is invalid for deployment" if "strategy" in spec else "empty selector is invalid"
            found.append(invalid_value("spec.selector", selector, text))
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selector is not None and not matches_object(selector, labels):
        field = "spec.template.metadata.labels"
        found.append(
            Cause(
                "FieldValueInvalid",
                f"Invalid value: {go_value(labels)}: `selector` does not match template `labels`",
                field,
            )
        )
    found += names.label_causes(labels, "spec.template.labels")
    found += spec_causes(template.get("spec") or {}, "spec.template.spec")
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    if policy in ("OnFailure", "Never"):
        found.append(unsupported("spec.template.spec.restartPolicy", policy, ("Always",)))
    return found


def _deployment_validate(document: Document) -> list[Cause]:
    return [*_validate(document), *strategy_causes(document["spec"]["strategy"])]


def _selector_causes(selector: dict[str, Any]) -> list[Cause]:
    found = names.label_causes(selector.get("matchLabels"), "spec.selector.matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        field = f"spec.selector.matchExpressions[{index}]"
        operator, values = expression.get("operator"), expression.get("values")
        if operator in ("In", "NotIn") and not values:
            found.append(required(f"{field}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
        elif operator in ("Exists", "DoesNotExist") and values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            found.append(forbidden_field(f"{field}.values", detail))
        elif operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            found.append(invalid_value(f"{field}.operator", operator, "not a valid selector operator"))
    return found


def _same_selector(new: Document, old: Document) -> list[Cause]:
    selector = new["spec"].get("selector")
    if selector == old["spec"].get("selector"):
        return []
    return [invalid_value("spec.selector", selector, _IMMUTABLE)]


_SET_UPDATES = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_SET_MUTABLE = frozenset(
    (
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    )
)


def _same_set(new: Document, old: Document) -> list[Cause]:
    changed = {key for key in {*new["spec"], *old["spec"]} if new["spec"].get(key) != old["spec"].get(key)}
    return [forbidden_field("spec", _SET_UPDATES)] if changed - _SET_MUTABLE else []


def _keep_status(new: Document, old: Document) -> None:
    new["status"] = old.get("status", {})


def _no_status(document: Document) -> None:
    document["status"] = {}


def _replica_status(document: Document) -> None:
    document["status"] = {"replicas": 0}


def _daemon_status(document: Document) -> None:
    document["status"] = dict.fromkeys(
        ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"), 0
    )


def _set_status(document: Document) -> None:
    document["status"] = {"replicas": 0, "availableReplicas": 0}


DEPLOYMENT = Strategy(
    default=_deployment_default,
    prepare=_no_status,
    prepare_update=_keep_status,
    validate=_deployment_validate,
    validate_update=_same_selector,
    generation=True,
    annotations_count=True,
)
REPLICA_SET = Strategy(
    default=_replica_set_default,
    prepare=_replica_status,
    prepare_update=_keep_status,
    validate=_validate,
    validate_update=_same_selector,
    generation=True,
)
STATEFUL_SET = Strategy(
    default=_stateful_set_default,
    prepare=_set_status,
    prepare_update=_keep_status,
    validate=_validate,
    validate_update=_same_set,
    generation=True,
)
DAEMON_SET = Strategy(
    default=_daemon_set_default,
    prepare=_daemon_status,
    prepare_update=_keep_status,
    validate=_validate,
    validate_update=_same_selector,
    generation=True,
)


def _revision_change(new: Document, old: Document) -> list[Cause]:
    return [] if new.get("data") == old.get("data") else [invalid_value("data", new.get("data"), _IMMUTABLE)]


CONTROLLER_REVISION = Strategy(validate_update=_revision_change)
