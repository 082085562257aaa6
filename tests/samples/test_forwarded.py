# SPDX-License-Identifier: Apache-2.0
"""Which headers go on."""

from __future__ import annotations

from email.message import Message

from lateen.samples.bookinfo.productpage import passed_on, user_of
from lateen.samples.forwarded import forwarded


def message(**headers: str) -> Message:
    made = Message()
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    return made


def test_trace_and_user_agent_go_on_and_others_do_not() -> None:
    headers = message(X_Request_Id="1", TraceParent="t", X_B3_TraceId="b", User_Agent="Firefox", Accept="*/*", Host="a")
    assert forwarded(headers) == {"x-request-id": "1", "traceparent": "t", "x-b3-traceid": "b", "user-agent": "Firefox"}
    assert forwarded(message(x_own="1", other="2"), ("x-own",)) == {"x-own": "1"}


def test_end_user_is_whoever_signed_in() -> None:
    assert passed_on(message(cookie="a=b; user=jason"))["end-user"] == "jason"
    assert "end-user" not in passed_on(message(cookie="a=b"))
    assert "end-user" not in passed_on(message(end_user="mallory"))


def test_odd_users() -> None:
    assert user_of(message(cookie="user=J%C3%B6rg%0D%0A")) == "Jörg\r\n"
    assert passed_on(message(cookie="user=J%C3%B6rg%0D%0A"))["end-user"] == "J%C3%B6rg%0D%0A"
    assert user_of(message(cookie="\x00;;=")) == ""
