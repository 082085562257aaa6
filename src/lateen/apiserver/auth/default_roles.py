# SPDX-License-Identifier: Apache-2.0
"""The roles every cluster has, as far as they mean something here."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

_GROUP = "rbac.authorization.k8s.io"
_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]
_GROUPS = [
    "",
    "apps",
    "discovery.k8s.io",
    "networking.k8s.io",
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
    "extensions.istio.io",
]
_CORE = ["configmaps", "endpoints", "events", "pods", "pods/log", "pods/status", "serviceaccounts", "services"]
_OTHERS = {"apiGroups": _GROUPS[1:], "resources": ["*"]}


def roles() -> list[Document]:
    """ClusterRoles, in the order of their names."""
    view = [{"apiGroups": [""], "resources": _CORE, "verbs": _READ}, {**_OTHERS, "verbs": _READ}]
    more = ["secrets", "pods/exec", "pods/attach", "pods/portforward", "pods/eviction"]
    edit = [
        {"apiGroups": [""], "resources": [*_CORE, *more], "verbs": _READ + _WRITE},
        {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
        {**_OTHERS, "verbs": _READ + _WRITE},
    ]
    own = {"apiGroups": [_GROUP], "resources": ["roles", "rolebindings"], "verbs": _READ + _WRITE}
    everything = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    discovery = [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
    ]
    reviews = ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
    return [
        _role("admin", [*edit, own]),
        _role("cluster-admin", [everything, {"nonResourceURLs": ["*"], "verbs": ["*"]}]),
        _role("edit", edit),
        _role(
            "system:basic-user",
            [
                {"apiGroups": ["authorization.k8s.io"], "resources": reviews, "verbs": ["create"]},
                {"apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"], "verbs": ["create"]},
            ],
        ),
        _role("system:discovery", [{"nonResourceURLs": discovery, "verbs": ["get"]}]),
        _role("view", view),
    ]


def bindings() -> list[Document]:
    """ClusterRoleBindings."""
    return [
        _binding("cluster-admin", "system:masters"),
        _binding("system:basic-user", "system:authenticated"),
        _binding("system:discovery", "system:authenticated"),
    ]


def _role(name: str, rules: list[Document]) -> Document:
    return {"metadata": {"name": name, "labels": dict(_LABELS)}, "rules": rules}


def _binding(role: str, group: str) -> Document:
    return {
        "metadata": {"name": role, "labels": dict(_LABELS)},
        "roleRef": {"apiGroup": _GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": _GROUP, "kind": "Group", "name": group}],
    }
