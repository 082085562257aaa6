# SPDX-License-Identifier: Apache-2.0
"""Access and token reviews: questions a client creates, answered in their status and never stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from lateen.apiserver.auth.authenticate import Authenticator
from lateen.apiserver.auth.authorize import Act, Authorizer
from lateen.apiserver.operations.call import Call, Reply, User, json_reply
from lateen.apiserver.operations.document import read_body, typed
from lateen.apiserver.registry.kind import Document
from lateen.apiserver.schema import times
from lateen.apiserver.status import invalid, invalid_value

RESOURCES = frozenset(
    (
        "selfsubjectreviews.authentication.k8s.io",
        "tokenreviews.authentication.k8s.io",
        "localsubjectaccessreviews.authorization.k8s.io",
        "selfsubjectaccessreviews.authorization.k8s.io",
        "selfsubjectrulesreviews.authorization.k8s.io",
        "subjectaccessreviews.authorization.k8s.io",
    )
)


class Reviews:
    """Answers every kind of review."""

    def __init__(self, authenticator: Authenticator, authorizer: Authorizer) -> None:
        self._authenticator, self._authorizer = authenticator, authorizer

    def answer(self, call: Call, now: datetime) -> Reply:
        """201 with the review and its status. Raises ApiError."""
        schema = call.kind.schema(call.version)
        review = typed(call, call.kind, call.version, read_body(call.body, call.content_type, schema))
        spec = review.get("spec") or {}
        metadata: Document = {}
        match call.kind.kind:
            case "SelfSubjectReview":
                status: Document = {"userInfo": _user_info(call.user)}
                metadata["creationTimestamp"] = times.time(now)
            case "TokenReview":
                status = self._token(spec)
            case "SelfSubjectRulesReview":
                status = self._rules(call.user, spec.get("namespace", ""))
            case "SelfSubjectAccessReview":
                status = self._access(call, call.user, spec)
            case _:
                status = self._access(call, _subject(call, spec), spec)
        kept = {key: value for key, value in review.items() if key not in ("metadata", "status")}
        return json_reply(201, {**kept, "metadata": metadata, "status": status})

    def _token(self, spec: Document) -> Document:
        user = self._authenticator.user(f"Bearer {spec.get('token', '')}")
        if user is None:
            return {"user": {}, "error": "[invalid bearer token, unknown]"}
        found: Document = {"authenticated": True, "user": _user_info(user)}
        if spec.get("audiences"):
            found["audiences"] = spec["audiences"]
        return found

    def _access(self, call: Call, user: User, spec: Document) -> Document:
        allowed = self._authorizer.allows(user, act_of(spec))
        status: Document = {"allowed": allowed}
        if allowed and "system:masters" not in user.groups:
            status["reason"] = "RBAC: allowed by a role binding"
        return status

    def _rules(self, user: User, namespace: str) -> Document:
        resources: list[Document] = []
        paths: list[Document] = []
        if "system:masters" in user.groups:
            resources.append({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})
            paths.append({"verbs": ["*"], "nonResourceURLs": ["*"]})
        for place, rule in self._authorizer.rules(user):
            if place not in ("", namespace):
                continue
            if rule.get("nonResourceURLs"):
                paths.append({key: rule[key] for key in ("verbs", "nonResourceURLs")})
            else:
                resources.append(
                    {k: rule[k] for k in ("verbs", "apiGroups", "resources", "resourceNames") if k in rule}
                )
        return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}


def act_of(spec: Document) -> Act:
    """The act an access review asks about."""
    path = spec.get("nonResourceAttributes")
    if path is not None:
        return Act(path.get("verb", ""), path=path.get("path", ""))
    given = spec.get("resourceAttributes") or {}
    resource = given.get("resource", "")
    if given.get("subresource"):
        resource += "/" + given["subresource"]
    return Act(
        given.get("verb", ""), given.get("group", ""), resource, given.get("name", ""), given.get("namespace", "")
    )


def _subject(call: Call, spec: Document) -> User:
    if not spec.get("user") and not spec.get("groups"):
        detail = "at least one of user or group must be specified"
        raise invalid(call.kind.group, call.kind.kind, "", [invalid_value("spec.user", "", detail)])
    return User(spec.get("user", ""), spec.get("uid", ""), tuple(spec.get("groups") or ()))


def _user_info(user: User) -> dict[str, Any]:
    shown: dict[str, Any] = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        shown["uid"] = user.uid
    if user.extra:
        shown["extra"] = {key: list(values) for key, values in user.extra.items()}
    return shown
