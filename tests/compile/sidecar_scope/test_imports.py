# SPDX-License-Identifier: Apache-2.0
"""What the hosts of an egress listener bring in."""

from __future__ import annotations

import pytest

from lateen.compile.sidecar_scope.imports import parse_imports

_WEB = ("shop", "web.shop.svc.cluster.local")
_OWN = ("mine", "api.mine.svc.cluster.local")
_EXTERNAL = ("egress", "www.example.com")
_WILD = ("egress", "*.example.org")


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        (["*/*"], {_WEB, _OWN, _EXTERNAL, _WILD}),
        (["./*"], {_OWN}),
        (["shop/*", "./*"], {_WEB, _OWN}),
        (["*/*.example.com"], {_EXTERNAL}),
        (["*/www.example.com"], {_EXTERNAL}),
        (["egress/www.example.com"], {_EXTERNAL}),
        (["other/www.example.com"], set()),
        (["*/*.org"], {_WILD}),
        (["*/a.example.org"], set()),  # the wildcard entry is more than that
        (["*/web"], set()),
        (["shop/web.shop"], set()),
        (["~/*"], set()),
        (["*/*", "~shop/*"], {_OWN, _EXTERNAL, _WILD}),
        (["*/*", "~./*"], {_WEB, _EXTERNAL, _WILD}),
        (["*/*", "~/www.example.com"], {_WEB, _OWN, _WILD}),
        (["*/*", "~/*.local"], {_EXTERNAL, _WILD}),
        (["*/*", "~other/www.example.com"], {_WEB, _OWN, _EXTERNAL, _WILD}),
        (["~shop/*", "*/*"], {_OWN, _EXTERNAL, _WILD}),
        (["shop/*", "~/*"], {_WEB}),
        (["nonsense", "a/b/c"], set()),
    ],
)
def test_services(hosts: list[str], expected: set[tuple[str, str]]) -> None:
    imports = parse_imports(tuple(hosts), "mine")
    assert {one for one in (_WEB, _OWN, _EXTERNAL, _WILD) if imports.service(*one)} == expected


@pytest.mark.parametrize(
    ("hosts", "rule", "expected"),
    [
        (["*/www.example.com"], ("www.example.com",), True),
        (["*/www.example.com"], ("*.example.com",), True),  # either may be the wider one
        (["*/*.example.com"], ("www.example.com",), True),
        (["*/www.example.com"], ("api.example.com", "www.example.com"), True),  # one host suffices
        (["*/www.example.com"], ("api.example.com",), False),
        (["./*"], ("www.example.com",), False),
        (["*/*", "~/www.example.com"], ("www.example.com",), False),
        (["*/*", "~/www.example.com"], ("www.example.com", "api.example.com"), True),
        (["*/*", "~shop/*"], ("www.example.com",), False),
    ],
)
def test_virtual_services(hosts: list[str], rule: tuple[str, ...], expected: bool) -> None:
    assert parse_imports(tuple(hosts), "mine").virtual_service("shop", rule) is expected


def test_owners_tell_where_to_look() -> None:
    assert parse_imports(("./*", "shop/web"), "mine").owners == ("mine", "shop")
    assert parse_imports(("./*", "*/a.com"), "mine").owners is None
    assert parse_imports(("~/*",), "mine").owners == ()
