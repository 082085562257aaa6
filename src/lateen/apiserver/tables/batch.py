# SPDX-License-Identifier: Apache-2.0
"""The tables of Jobs, CronJobs, ReplicationControllers and PodTemplates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.apiserver.registry.kind import Column, Document, Table
from lateen.apiserver.tables.apps import containers
from lateen.apiserver.tables.columns import (
    AGE,
    NAME,
    NONE,
    age,
    age_of,
    human,
    labels_text,
    moment,
    name_of,
    selector_text,
)

_WIDE = (Column("Containers", priority=1), Column("Images", priority=1), Column("Selector", priority=1))
_STATES = (("Complete", "Complete"), ("Failed", "Failed"))
_LATER_STATES = (
    ("Suspended", "Suspended"),
    ("FailureTarget", "FailureTarget"),
    ("SuccessCriteriaMet", "SuccessCriteriaMet"),
)


def _job_status(document: Document) -> str:
    true = {c["type"] for c in (document.get("status") or {}).get("conditions") or () if c.get("status") == "True"}
    for condition, shown in _STATES:
        if condition in true:
            return shown
    if document["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((shown for condition, shown in _LATER_STATES if condition in true), "Running")


def _job(document: Document, now: datetime) -> list[Any]:
    spec, status = document.get("spec") or {}, document.get("status") or {}
    done, wanted = status.get("succeeded", 0), spec.get("completions")
    completions = f"{done}/{wanted}"
    if wanted is None:
        parallel = spec.get("parallelism", 0)
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    begun, ended = moment(status.get("startTime")), moment(status.get("completionTime"))
    return [
        name_of(document),
        _job_status(document),
        completions,
        human((ended or now) - begun) if begun else "",
        age_of(document, now),
        *containers(document),
        selector_text(spec.get("selector")),
    ]


JOB = Table((NAME, Column("Status"), Column("Completions"), Column("Duration"), AGE, *_WIDE), _job)


def _cron_job(document: Document, now: datetime) -> list[Any]:
    spec, status = document.get("spec") or {}, document.get("status") or {}
    last = status.get("lastScheduleTime")
    template = spec.get("jobTemplate") or {}
    return [
        name_of(document),
        spec.get("schedule", ""),
        spec.get("timeZone", NONE),
        "True" if spec.get("suspend") else "False",
        len(status.get("active") or ()),
        age(last, now) if last else NONE,
        age_of(document, now),
        *containers(template),
        selector_text((template.get("spec") or {}).get("selector")),
    ]


CRON_JOB = Table(
    (
        NAME,
        Column("Schedule"),
        Column("Timezone"),
        Column("Suspend", "boolean"),
        Column("Active", "integer"),
        Column("Last Schedule"),
        AGE,
        *_WIDE,
    ),
    _cron_job,
)


def _replication_controller(document: Document, now: datetime) -> list[Any]:
    spec, status = document.get("spec") or {}, document.get("status") or {}
    return [
        name_of(document),
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age_of(document, now),
        *containers(document),
        labels_text(spec.get("selector")),
    ]


REPLICATION_CONTROLLER = Table(
    (NAME, Column("Desired", "integer"), Column("Current", "integer"), Column("Ready", "integer"), AGE, *_WIDE),
    _replication_controller,
)


def _pod_template(document: Document, now: datetime) -> list[Any]:
    template = document.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    return [name_of(document), *containers({"spec": {"template": template}}), labels_text(labels)]


POD_TEMPLATE = Table((NAME, Column("Containers"), Column("Images"), Column("Pod Labels")), _pod_template)
