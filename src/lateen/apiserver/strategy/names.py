# SPDX-License-Identifier: Apache-2.0
"""Rules for names, labels and annotations, with the messages Kubernetes gives."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from lateen.apiserver.status import Cause, invalid_value, too_long

_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035 = r"[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = rf"({_QUALIFIED})?"
_CONFIG_KEY = r"[-._a-zA-Z0-9]+"

SUBDOMAIN_ERROR = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    f"'{_LABEL}(\\.{_LABEL})*')"
)
LABEL_ERROR = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
    "end with an "
    f"alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{_LABEL}')"
)
LABEL_1035_ERROR = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and "
    f"end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '{_LABEL_1035}')"
)
QUALIFIED_ERROR = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_ERROR = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end "
    "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
CONFIG_KEY_ERROR = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


Rule = Callable[[str], tuple[str, ...]]
_LONGEST_REMEMBERED = 253


def _remembered(rule: Rule) -> Rule:
    """The rule with a memory: the same few names come again and again. Long ones are not worth keeping."""
    known = functools.lru_cache(maxsize=4096)(rule)

    @functools.wraps(rule)
    def check(name: str) -> tuple[str, ...]:
        return known(name) if len(name) <= _LONGEST_REMEMBERED else rule(name)

    return check


@_remembered
def subdomain(name: str) -> tuple[str, ...]:
    """Why `name` is no DNS subdomain; empty when it is one."""
    found = () if len(name) <= 253 else ("must be no more than 253 bytes",)
    return found if re.fullmatch(_SUBDOMAIN, name) else (*found, SUBDOMAIN_ERROR)


@_remembered
def label(name: str) -> tuple[str, ...]:
    """Why `name` is no DNS label (RFC 1123)."""
    found = () if len(name) <= 63 else ("must be no more than 63 bytes",)
    if re.fullmatch(_LABEL, name):
        return found
    return (*found, "must not contain dots" if re.fullmatch(_SUBDOMAIN, name) else LABEL_ERROR)


@_remembered
def label_1035(name: str) -> tuple[str, ...]:
    """Why `name` is no DNS label that starts with a letter (RFC 1035)."""
    found = () if len(name) <= 63 else ("must be no more than 63 bytes",)
    return found if re.fullmatch(_LABEL_1035, name) else (*found, LABEL_1035_ERROR)


def path_segment(name: str) -> tuple[str, ...]:
    """Why `name` cannot stand in a path."""
    if name in (".", ".."):
        return (f"may not be '{name}'",)
    return tuple(f"may not contain '{c}'" for c in "/%" if c in name)


RULES: dict[str, Rule] = {"subdomain": subdomain, "label": label, "label-1035": label_1035, "path": path_segment}


@_remembered
def qualified(key: str) -> tuple[str, ...]:
    """Why `key` is no qualified name (`prefix/name`, the prefix optional)."""
    prefix, slash, name = key.rpartition("/")
    found: list[str] = []
    if slash:
        if not prefix:
            found.append("prefix part must be non-empty")
        else:
            found += ["prefix part " + text for text in subdomain(prefix)]
    if "/" in prefix:
        return (
            "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and "
            "end with an "
            "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
            "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')",
        )
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > 63:
        found.append("name part must be no more than 63 bytes")
    if not re.fullmatch(_QUALIFIED, name):
        found.append(QUALIFIED_ERROR)
    return tuple(found)


@_remembered
def label_value(value: str) -> tuple[str, ...]:
    """Why `value` cannot be a label's."""
    found = () if len(value) <= 63 else ("must be no more than 63 bytes",)
    return found if re.fullmatch(_VALUE, value) else (*found, VALUE_ERROR)


def label_causes(given: Mapping[str, Any] | None, field: str) -> list[Cause]:
    found: list[Cause] = []
    for key, value in (given or {}).items():
        found += [invalid_value(field, key, text) for text in qualified(key)]
        found += [invalid_value(field, value, text) for text in label_value(str(value))]
    return found


def annotation_causes(given: Mapping[str, Any] | None, field: str) -> list[Cause]:
    found: list[Cause] = []
    size = 0
    for key, value in (given or {}).items():
        found += [invalid_value(field, key, text) for text in qualified(key.lower())]
        size += len(key) + len(str(value))
    if size > 256 * 1024:
        found.append(too_long(field, 256 * 1024))
    return found


@_remembered
def config_key(key: str) -> tuple[str, ...]:
    """Why `key` cannot be a key of a ConfigMap or Secret."""
    found = () if len(key) <= 253 else ("must be no more than 253 characters",)
    if not re.fullmatch(_CONFIG_KEY, key):
        return (*found, CONFIG_KEY_ERROR)
    if key in (".", ".."):
        return (*found, f"must not be '{key}'")
    return (*found, "must not start with '..'") if key.startswith("..") else found
