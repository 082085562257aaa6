# SPDX-License-Identifier: Apache-2.0
"""Secrets and ConfigMaps: keys, sizes, immutability."""

from __future__ import annotations

import base64

from lateen.apiserver.registry.kind import Document, Strategy
from lateen.apiserver.status import Cause, forbidden_field, invalid_value, required, too_long
from lateen.apiserver.strategy import names

_LIMIT = 1024 * 1024
_REQUIRED_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _secret_default(document: Document) -> None:
    document.setdefault("type", "Opaque")
    for key, text in (document.pop("stringData", None) or {}).items():
        document.setdefault("data", {})[key] = base64.b64encode(text.encode()).decode()


def _secret(document: Document) -> list[Cause]:
    found: list[Cause] = []
    data = document.get("data") or {}
    size = 0
    for key, value in data.items():
        found += [invalid_value(f"data[{key}]", key, text) for text in names.config_key(key)]
        size += len(value) * 3 // 4
    if size > _LIMIT:
        found.append(too_long("data", _LIMIT))
    found += [required(f"data[{key}]") for key in _REQUIRED_KEYS.get(document["type"], ()) if key not in data]
    return found


def _config_map(document: Document) -> list[Cause]:
    found: list[Cause] = []
    size = 0
    for name in ("data", "binaryData"):
        for key, value in (document.get(name) or {}).items():
            found += [invalid_value(f"{name}[{key}]", key, text) for text in names.config_key(key)]
            size += len(value)
            if name == "binaryData" and key in (document.get("data") or {}):
                found.append(invalid_value(f"data[{key}]", key, "duplicate of key present in binaryData"))
    if size > _LIMIT:
        found.append(too_long("", _LIMIT))
    return found


def _change(new: Document, old: Document) -> list[Cause]:
    found: list[Cause] = []
    if "type" in old and new.get("type") != old["type"]:
        found.append(invalid_value("type", new.get("type"), "field is immutable"))
    if old.get("immutable"):
        if not new.get("immutable"):
            found.append(forbidden_field("immutable", "field is immutable when `immutable` is set"))
        for name in ("data", "binaryData"):
            if new.get(name) != old.get(name):
                found.append(forbidden_field(name, "field is immutable when `immutable` is set"))
    return found


SECRET = Strategy(default=_secret_default, validate=_secret, validate_update=_change)
CONFIG_MAP = Strategy(validate=_config_map, validate_update=_change)
