# SPDX-License-Identifier: Apache-2.0
"""httpbin: what it says and does, as Istio's tasks use it."""

from __future__ import annotations

import json
from email.message import Message
from typing import Any

import httpx
import pytest

from lateen.samples.http_server import Request, Response
from lateen.samples.httpbin import Httpbin
from tests.samples.conftest import Start


def ask(path: str, method: str = "GET", body: bytes = b"", lists: bool = True, **headers: str) -> Response:
    message = Message()
    for name, value in {"host": "httpbin:8000", **headers}.items():
        message[name.replace("_", "-")] = value
    return Httpbin(lists=lists).answer(Request(method, path, message, body, "10.0.0.1"))


def seen(path: str, method: str = "GET", body: bytes = b"", lists: bool = True, **headers: str) -> Any:
    return json.loads(ask(path, method, body, lists, **headers).body)


def test_names_with_values() -> None:
    assert seen("/headers", x_a="1") == {"headers": {"Host": ["httpbin:8000"], "X-A": ["1"]}}
    assert seen("/headers", lists=False, x_a="1") == {"headers": {"Host": "httpbin:8000", "X-A": "1"}}
    assert seen("/get?a=1&a=2&b=")["args"] == {"a": ["1", "2"], "b": [""]}
    assert seen("/get?a=1&a=2&b=", lists=False)["args"] == {"a": ["1", "2"], "b": ""}
    assert seen("/get?a=1")["url"] == "http://httpbin:8000/get?a=1"
    assert seen("/get", x_forwarded_proto="https", x_forwarded_for="192.0.2.1")["url"] == "https://httpbin:8000/get"
    assert seen("/ip", x_forwarded_for="192.0.2.1") == {"origin": "192.0.2.1"}
    assert seen("/ip") == {"origin": "10.0.0.1"}
    assert seen("/user-agent", user_agent="curl") == {"user-agent": "curl"}


def test_a_value_to_a_line() -> None:
    text = ask("/headers", x_forwarded_client_cert="By=spiffe://a").body
    assert isinstance(text, str)
    assert '      "By=spiffe://a"\n' in text


def test_bodies() -> None:
    form = seen("/post", "POST", b"a=1&b=2", content_type="application/x-www-form-urlencoded")
    assert (form["form"], form["data"]) == ({"a": ["1"], "b": ["2"]}, "")
    assert seen("/post", "POST", b'{"a": 1}', content_type="application/json")["json"] == {"a": 1}
    assert seen("/anything/x", "DELETE")["method"] == "DELETE"
    parts = b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'
    assert seen("/post", "POST", parts, content_type="multipart/form-data; boundary=x")["form"] == {"a": ["1"]}
    assert ask("/post").status == ask("/get", "POST").status == 405
    assert ask("/get", "HEAD").status == 200


@pytest.mark.parametrize("code", [200, 204, 404, 418, 429, 500, 503, 555])
def test_status(code: int) -> None:
    assert ask(f"/status/{code}").status == code


def test_status_by_weight() -> None:
    assert {ask("/status/200:1,500:0").status for _ in range(20)} == {200}
    assert {ask("/status/200,500").status for _ in range(100)} == {200, 500}
    assert dict(ask("/status/302").headers)["location"] == "/redirect/1"
    assert "teapot" in str(ask("/status/418", lists=False).body)


@pytest.mark.parametrize(
    "path",
    [
        *("/status/", "/status/x", "/status/99", "/status/100", "/status/600", "/status/200:0", "/status/200:nan"),
        *("/delay/x", "/delay/-1", "/delay/nan", "/redirect/0", "/redirect/x", "/redirect/101", "/redirect-to"),
        *("/redirect-to?url=/%0d%0aa:b", "/response-headers?a=%0d%0ab", "/bytes/x", "/stream/x", "/base64/%C3%A4"),
    ],
)
def test_nonsense(path: str) -> None:
    assert ask(path).status == 400


def test_redirects() -> None:
    assert dict(ask("/redirect/3").headers) == {"location": "/redirect/2"}
    assert dict(ask("/redirect/1").headers) == {"location": "/get"}
    assert dict(ask("/absolute-redirect/2").headers) == {"location": "http://httpbin:8000/absolute-redirect/1"}
    found = ask("/redirect-to?url=http://a/&status_code=307")
    assert (found.status, dict(found.headers)) == (307, {"location": "http://a/"})


def test_response_headers() -> None:
    found = ask("/response-headers?x-a=1&x-a=2&content-type=text/x")
    assert found.headers == (("x-a", "1"), ("x-a", "2"))
    assert found.content_type == "text/x"


def test_credentials() -> None:
    assert ask("/basic-auth/u/p").status == 401
    assert ask("/basic-auth/u/p", authorization="Basic dTpw").status == 200
    assert ask("/bearer").status == 401
    assert seen("/bearer", authorization="Bearer t")["token"] == "t"
    assert seen("/cookies", cookie="a=b") == {"a": "b"}
    assert ask("/cookies/set?a=b").headers == (("location", "/cookies"), ("set-cookie", "a=b; Path=/"))


def test_as_a_process(start: Start) -> None:
    with httpx.Client(base_url=f"http://{start('httpbin', '--lists')}", follow_redirects=True) as client:
        assert client.get("/redirect/2").json()["url"].endswith("/get")
        assert client.get("/delay/0.01").status_code == 200
        assert (client.get("/status/204").content, client.head("/get").content) == (b"", b"")
        assert len(client.get("/bytes/1000").content) == 1000
        assert len(client.get("/stream/3").text.splitlines()) == 3
        assert client.get("/base64/aGVsbG8").text == "hello"
        assert client.get("/cookies/set?a=b").json() == {"a": "b"}
        assert client.get("/nothing").status_code == 404
