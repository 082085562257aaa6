# SPDX-License-Identifier: Apache-2.0
"""The kinds of `rbac.authorization.k8s.io/v1`."""

from __future__ import annotations

from lateen.apiserver.registry.builtin import builtin
from lateen.apiserver.registry.kind import Kind, Strategy
from lateen.apiserver.strategy import role_binding
from lateen.apiserver.tables import rbac
from lateen.apiserver.tables.columns import PLAIN

_GROUP = "rbac.authorization.k8s.io"
_ROLE = Strategy(name_rule="path", create_on_update=True)


def kinds() -> list[Kind]:
    return [
        builtin(
            _GROUP,
            "v1",
            "ClusterRoleBinding",
            namespaced=False,
            table=rbac.BINDING,
            strategy=role_binding.STRATEGY,
        ),
        builtin(_GROUP, "v1", "ClusterRole", namespaced=False, table=PLAIN, strategy=_ROLE),
        builtin(_GROUP, "v1", "RoleBinding", table=rbac.BINDING, strategy=role_binding.STRATEGY),
        builtin(_GROUP, "v1", "Role", table=PLAIN, strategy=_ROLE),
    ]
