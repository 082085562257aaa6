# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from envoy.config.route.v3.route_components_pb2 import RedirectAction

from lateen.envoy.redirect import redirect_action
from lateen.model.networking.http_route import HTTPRedirect, RedirectPortSelection

FROM_REQUEST = RedirectPortSelection.FROM_REQUEST_PORT
FROM_PROTOCOL = RedirectPortSelection.FROM_PROTOCOL_DEFAULT


def redirect(said: HTTPRedirect, port: int = 8080, tls: bool = False, gateway_api: bool = False) -> RedirectAction:
    action = redirect_action(said, port, tls=tls, gateway_api=gateway_api)
    assert action is not None
    return action


@pytest.mark.parametrize(
    ("said", "tls", "port"),
    [
        (HTTPRedirect(), False, 0),
        (HTTPRedirect(port=9443), False, 9443),
        (HTTPRedirect(port=80), False, 0),
        (HTTPRedirect(port=443, scheme="https"), False, 0),
        (HTTPRedirect(port=443), False, 443),
        (HTTPRedirect(port=443), True, 0),
        (HTTPRedirect(port=80, scheme="https"), False, 80),
        (HTTPRedirect(derive_port=FROM_REQUEST), False, 8080),
        (HTTPRedirect(derive_port=FROM_PROTOCOL), False, 0),
    ],
)
def test_the_default_port_of_the_scheme_stays_unsaid(said: HTTPRedirect, tls: bool, port: int) -> None:
    assert redirect(said, tls=tls).port_redirect == port


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        (0, "MOVED_PERMANENTLY"),
        (301, "MOVED_PERMANENTLY"),
        (302, "FOUND"),
        (303, "SEE_OTHER"),
        (307, "TEMPORARY_REDIRECT"),
        (308, "PERMANENT_REDIRECT"),
    ],
)
def test_codes(code: int, sent: str) -> None:
    action = redirect(HTTPRedirect(redirect_code=code))
    assert RedirectAction.RedirectResponseCode.Name(action.response_code) == sent


@pytest.mark.parametrize("code", [200, 304, 309])
def test_codes_that_envoy_cannot_send(code: int) -> None:
    assert redirect_action(HTTPRedirect(redirect_code=code), 80, tls=False, gateway_api=False) is None


def test_path_prefix_and_the_form_of_gateway_api() -> None:
    assert redirect(HTTPRedirect()).WhichOneof("path_rewrite_specifier") == "path_redirect"
    assert redirect(HTTPRedirect(prefix_rewrite="/v2")).prefix_rewrite == "/v2"
    kept = HTTPRedirect(uri="%PREFIX()%/v2")
    assert redirect(kept).path_redirect == "%PREFIX()%/v2"
    assert redirect(kept, gateway_api=True).prefix_rewrite == "/v2"
