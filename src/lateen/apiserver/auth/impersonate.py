# SPDX-License-Identifier: Apache-2.0
"""Acting as somebody else (`kubectl --as`): allowed to those who may `impersonate` them."""

from __future__ import annotations

from lateen.apiserver.auth.authorize import Act, Authorizer
from lateen.apiserver.http.exchange import Exchange
from lateen.apiserver.operations.call import User
from lateen.apiserver.status import bad_request

_ACCOUNT = "system:serviceaccount:"


def impersonated(authorizer: Authorizer, user: User, exchange: Exchange) -> User:
    """The user the request wants to be, or who it is from. Raises ApiError (400, 403)."""
    name = exchange.header(b"impersonate-user")
    groups = [value.decode("latin-1") for key, value in exchange.scope["headers"] if key == b"impersonate-group"]
    if not name:
        if groups:
            raise bad_request("requested impersonation of groups without impersonating a user")
        return user
    if name.startswith(_ACCOUNT) and name.count(":") == 3:
        _, _, namespace, account = name.split(":")
        authorizer.check(user, Act("impersonate", "", "serviceaccounts", account, namespace))
        groups = groups or ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    else:
        authorizer.check(user, Act("impersonate", "", "users", name))
    for group in groups:
        authorizer.check(user, Act("impersonate", "", "groups", group))
    return User(name, exchange.header(b"impersonate-uid"), tuple(dict.fromkeys([*groups, "system:authenticated"])))
