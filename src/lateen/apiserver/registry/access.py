# SPDX-License-Identifier: Apache-2.0
"""The kinds that are questions (authentication and authorization reviews): created, answered and never stored."""

from __future__ import annotations

from lateen.apiserver.registry.builtin import builtin
from lateen.apiserver.registry.kind import Kind

_CREATE = ("create",)


def kinds() -> list[Kind]:
    authentication, authorization = "authentication.k8s.io", "authorization.k8s.io"
    return [
        builtin(authentication, "v1", "SelfSubjectReview", namespaced=False, verbs=_CREATE),
        builtin(authentication, "v1", "TokenReview", namespaced=False, verbs=_CREATE),
        builtin(authorization, "v1", "LocalSubjectAccessReview", verbs=_CREATE),
        builtin(authorization, "v1", "SelfSubjectAccessReview", namespaced=False, verbs=_CREATE),
        builtin(authorization, "v1", "SelfSubjectRulesReview", namespaced=False, verbs=_CREATE),
        builtin(authorization, "v1", "SubjectAccessReview", namespaced=False, verbs=_CREATE),
    ]
