# SPDX-License-Identifier: Apache-2.0
"""Tokens of ServiceAccounts: signed JWTs (ES256), bound to the account's uid and, if asked for, to a pod's."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from lateen.apiserver.auth.certificates import write_private
from lateen.apiserver.operations.call import User
from lateen.apiserver.store.memory import Store
from lateen.apiserver.store.revision import Key

ISSUER = "https://kubernetes.default.svc.cluster.local"
_SIGNATURE = 64


class ServiceAccountTokens:
    """Signs and verifies; the key is made once and kept with mode 0600."""

    def __init__(self, key_file: Path, store: Store, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        if not key_file.exists():
            made = ec.generate_private_key(ec.SECP256R1())
            form = serialization.PrivateFormat.PKCS8
            write_private(key_file, made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self._verified: dict[str, tuple[User, float, Key, str]] = {}

    def issue(
        self,
        namespace: str,
        name: str,
        uid: str,
        audiences: list[str],
        seconds: int,
        identifier: str,
        bound: dict[str, Any],
    ) -> tuple[str, datetime]:
        """A token and when it expires. `bound` is the claim of the object it is bound to, or empty."""
        now = self._now()
        expires = now + timedelta(seconds=seconds)
        claims = {
            "aud": audiences or [ISSUER],
            "exp": int(expires.timestamp()),
            "iat": int(now.timestamp()),
            "iss": ISSUER,
            "jti": identifier,
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}, **bound},
            "nbf": int(now.timestamp()),
            "sub": f"system:serviceaccount:{namespace}:{name}",
        }
        head = _encode(orjson.dumps({"alg": "ES256", "typ": "JWT"}))
        signed = f"{head}.{_encode(orjson.dumps(claims))}"
        r, s = utils.decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}", expires

    def user(self, token: str) -> User | None:
        """The user of a token; None when it is not ours, over, or its account (or pod) is gone."""
        known = self._verified.get(token)
        if known is None:
            known = self._verify(token)
            if known is None:
                return None
            if len(self._verified) > 10_000:
                self._verified.clear()
            self._verified[token] = known
        user, expires, key, uid = known
        account = self._store.get(key)
        if self._now().timestamp() >= expires or account is None or uid.encode() not in account.body:
            self._verified.pop(token, None)
            return None
        return user

    def audiences(self, token: str) -> list[str]:
        """The audiences of a token that `user` accepts."""
        claims = _claims(token)
        return [str(a) for a in claims.get("aud", ())] if claims else []

    def _verify(self, token: str) -> tuple[User, float, Key, str] | None:
        parts = token.split(".")
        claims = _claims(token)
        if claims is None or claims.get("iss") != ISSUER or ISSUER not in claims.get("aud", ()):
            return None
        try:
            signature = _decode(parts[2])
            if len(signature) != _SIGNATURE or orjson.loads(_decode(parts[0])).get("alg") != "ES256":
                return None
            dss = utils.encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
            signed = f"{parts[0]}.{parts[1]}".encode()
            self._key.public_key().verify(dss, signed, ec.ECDSA(hashes.SHA256()))
            own = claims["kubernetes.io"]
            namespace, account = own["namespace"], own["serviceaccount"]
            groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
            extra = {"authentication.kubernetes.io/credential-id": (f"JTI={claims['jti']}",)}
            if "pod" in own:
                pod = own["pod"]
                if self._store.get(Key("pods", namespace, pod["name"])) is None:
                    return None
                extra["authentication.kubernetes.io/pod-name"] = (pod["name"],)
                extra["authentication.kubernetes.io/pod-uid"] = (pod["uid"],)
            user = User(f"system:serviceaccount:{namespace}:{account['name']}", account["uid"], groups, extra)
            key = Key("serviceaccounts", namespace, account["name"])
            return user, float(claims["exp"]), key, account["uid"]
        except (InvalidSignature, KeyError, TypeError, ValueError, AttributeError):
            return None


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = orjson.loads(_decode(parts[1]))
    except (ValueError, binascii.Error):
        return None
    return claims if isinstance(claims, dict) else None


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
