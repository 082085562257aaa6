# SPDX-License-Identifier: Apache-2.0
"""Who may do what: role-based access control over the Roles and bindings in the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lateen.apiserver.operations.call import User
from lateen.apiserver.status import ApiError, forbidden
from lateen.apiserver.store.memory import Store
from lateen.apiserver.store.revision import Key, Revision

GROUP = "rbac.authorization.k8s.io"
_RESOURCES = tuple(f"{plural}.{GROUP}" for plural in ("clusterroles", "clusterrolebindings", "roles", "rolebindings"))
Rule = dict[str, Any]
_MOST_USERS = 10_000
"""Users whose rules are remembered."""


@dataclass(frozen=True, slots=True)
class Act:
    """What is asked for. `path` is set for what is no resource; `resource` may be `pods/log`."""

    verb: str
    group: str = ""
    resource: str = ""
    name: str = ""
    namespace: str = ""
    path: str = ""


class Authorizer:
    """A listener of the store: `publish` forgets what was worked out of roles that changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rules: dict[tuple[str, tuple[str, ...]], list[tuple[str, Rule]]] = {}

    def publish(self, revisions: list[Revision]) -> None:
        if any(revision.key.resource in _RESOURCES for revision in revisions):
            self._rules.clear()

    def allows(self, user: User, act: Act) -> bool:
        if "system:masters" in user.groups:
            return True
        return any(_covers(rule, act) for namespace, rule in self.rules(user) if namespace in ("", act.namespace))

    def check(self, user: User, act: Act) -> None:
        """Raises ApiError (403) when the user may not."""
        if self.allows(user, act):
            return
        if act.path:
            raise forbidden("", "", "", f'User "{user.name}" cannot {act.verb} path "{act.path}"')
        where = f'in the namespace "{act.namespace}"' if act.namespace else "at the cluster scope"
        why = f'User "{user.name}" cannot {act.verb} resource "{act.resource}" in API group "{act.group}" {where}'
        raise _refusal(act, why)

    def rules(self, user: User) -> list[tuple[str, Rule]]:
        """Every rule of the user with the namespace it holds in; empty for everywhere."""
        known = self._rules.get((user.name, user.groups))
        if known is None:
            if len(self._rules) >= _MOST_USERS:
                self._rules.clear()
            known = self._rules[user.name, user.groups] = list(self._find(user))
        return known

    def _find(self, user: User) -> Iterator[tuple[str, Rule]]:
        for resource in ("clusterrolebindings", "rolebindings"):
            for stored in self._store.objects(f"{resource}.{GROUP}"):
                binding = stored.document()
                if any(_is(subject, user, stored.key.namespace) for subject in binding.get("subjects") or ()):
                    reference = binding["roleRef"]
                    cluster = reference["kind"] == "ClusterRole"
                    kind = "clusterroles" if cluster else "roles"
                    key = Key(f"{kind}.{GROUP}", "" if cluster else stored.key.namespace, reference["name"])
                    role = self._store.get(key)
                    for rule in (role.document().get("rules") or ()) if role else ():
                        yield stored.key.namespace, rule


def _refusal(act: Act, why: str) -> ApiError:
    plural = act.resource.partition("/")[0]
    return forbidden(plural, act.group, act.name, why)


def _is(subject: dict[str, Any], user: User, namespace: str) -> bool:
    match subject.get("kind"):
        case "User":
            return bool(subject.get("name") == user.name)
        case "Group":
            return subject.get("name") in user.groups
        case "ServiceAccount":
            account = f"system:serviceaccount:{subject.get('namespace') or namespace}:{subject.get('name')}"
            return account == user.name
        case _:
            return False


def _covers(rule: Rule, act: Act) -> bool:
    verbs = rule.get("verbs") or ()
    if act.verb not in verbs and "*" not in verbs:
        return False
    if act.path:
        paths = rule.get("nonResourceURLs") or ()
        return any(p == act.path or (p.endswith("*") and act.path.startswith(p[:-1])) for p in paths)
    groups, resources, names = (rule.get(key) or () for key in ("apiGroups", "resources", "resourceNames"))
    if act.group not in groups and "*" not in groups:
        return False
    sub = act.resource.partition("/")[2]
    if not (act.resource in resources or "*" in resources or (sub and f"*/{sub}" in resources)):
        return False
    return not names or act.name in names
