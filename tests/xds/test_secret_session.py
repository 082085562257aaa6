# SPDX-License-Identifier: Apache-2.0
"""The state-of-the-world stream of one secret, without I/O."""

from __future__ import annotations

from typing import Any

import pytest
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse

from lateen.envoy.blob import SECRET, Blob
from lateen.xds.secret_session import StateSecretSession
from lateen.xds.wire import MalformedRequestError


class Play:
    """A session, and the secrets there are."""

    def __init__(self) -> None:
        self.secrets: dict[str, Blob] = {}
        self.session = StateSecretSession(self.secrets.get)

    def put(self, name: str, body: bytes) -> None:
        self.secrets[name] = Blob(SECRET, name, body)
        self.session.secrets_changed()

    def ask(self, *names: str, version: str = "", nonce: str = "", error: str = "") -> list[Any]:
        request = DiscoveryRequest(type_url=SECRET, resource_names=names, version_info=version, response_nonce=nonce)
        if error:
            request.error_detail.message = error
        return list(self.session.receive(request.SerializeToString()))

    def get(self) -> Any:
        response = self.session.next_response()
        return DiscoveryResponse.FromString(response.body()) if response else None


@pytest.fixture
def play() -> Play:
    return Play()


def test_secret_is_sent_and_sent_again_when_it_is_another_one(play: Play) -> None:
    play.put("default", b"1")
    play.ask("default")
    first = play.get()
    assert [(r.type_url, r.value) for r in first.resources] == [(SECRET, b"1")]
    play.ask("default", version=first.version_info, nonce=first.nonce)
    assert play.get() is None
    play.session.secrets_changed()
    assert play.get() is None
    play.put("default", b"2")
    second = play.get()
    assert [r.value for r in second.resources] == [b"2"]
    assert second.version_info != first.version_info


def test_secret_that_comes_later(play: Play) -> None:
    play.ask("default")
    assert play.get() is None
    assert play.session.state().missing == ("default",)
    play.put("default", b"1")
    assert [r.value for r in play.get().resources] == [b"1"]
    assert play.session.state().missing == ()


def test_reconnecting_client_is_sent_only_what_it_does_not_hold(play: Play) -> None:
    play.put("default", b"1")
    play.ask("default")
    version = play.get().version_info
    again = Play()
    again.put("default", b"1")
    again.ask("default", version=version)
    assert again.get() is None
    changed = Play()
    changed.put("default", b"2")
    changed.ask("default", version=version)
    assert [r.value for r in changed.get().resources] == [b"2"]


def test_refused_secret_is_not_sent_again_until_it_changes(play: Play) -> None:
    play.put("default", b"bad")
    play.ask("default")
    sent = play.get()
    (rejection,) = play.ask("default", nonce=sent.nonce, error="no key")
    assert (rejection.name, rejection.reason) == ("default", "no key")
    assert play.session.state().rejections == (rejection,)
    play.session.secrets_changed()
    assert play.get() is None
    play.put("default", b"good")
    sent = play.get()
    play.ask("default", version=sent.version_info, nonce=sent.nonce)
    assert play.session.state().rejections == ()


def test_answer_to_an_older_response_is_passed_over(play: Play) -> None:
    play.put("default", b"1")
    play.ask("default")
    first = play.get()
    play.put("default", b"2")
    play.get()
    assert play.ask("default", nonce=first.nonce, error="late") == []
    assert play.session.state().rejections == ()


def test_garbage(play: Play) -> None:
    with pytest.raises(MalformedRequestError):
        play.session.receive(b"\xff\xff")
