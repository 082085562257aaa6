# SPDX-License-Identifier: Apache-2.0
"""Bearer tokens to users."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from lateen.apiserver.operations.call import User

ADMIN = User("kubernetes-admin", groups=("system:masters", "system:authenticated"))


class Authenticator:
    """Knows the static tokens and asks `verify` (service account tokens) for others.

    Static tokens are kept and compared as digests, so that the time of a comparison tells nothing of a token.
    """

    def __init__(self, tokens: dict[str, User], verify: Callable[[str], User | None]) -> None:
        self._users = {_digest(token): user for token, user in tokens.items()}
        self._verify = verify

    def user(self, authorization: str) -> User | None:
        """The user of an `Authorization` header; None when it is absent or wrong."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        return self._users.get(_digest(token.strip())) or self._verify(token.strip())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("latin-1", "replace")).digest()
