# SPDX-License-Identifier: Apache-2.0
"""Hello Web and the Greeter Service."""

from __future__ import annotations

import httpx

from lateen.samples.children import Children
from tests.samples.conftest import Online, Start

PAGE = """<link rel="stylesheet" type="text/css" href="css/style.css" />

<pre>frontend: 1.0.0</pre>
<pre>service: {version}</pre>

<div class="container">
    <h1>{message}</h1>
</div>
"""


def test_the_articles_pages(start: Start) -> None:
    for version, message in (("1.0.0", "hello 👋 "), ("2.0.0", "🔥🔥 !!HELLO!! 🔥🔥")):
        greeter = start("greeter", "--version", version)
        web = start("hello_web", environment={"GREETER_SERVICE_URL": f"http://{greeter}"})
        assert httpx.get(f"http://{web}/").text == PAGE.format(version=version, message=message)


def test_the_articles_log(start: Start, children: Children) -> None:
    greeter = start("greeter", "--version", "2.0.0")
    httpx.get(f"http://{greeter}/hello")
    children.wait_for("greeter-0", r"\nGET /hello 200 \d+\.\d{3} ms - 59\n")


def test_headers_go_on(start: Start, online: Online) -> None:
    greeter = online({"/hello": (200, {"message": "<b>", "version": "3"})})
    web = start("hello_web", environment={"GREETER_SERVICE_URL": f"http://{greeter.address}/"})
    reply = httpx.get(f"http://{web}/", headers={"user-agent": "Firefox", "x-beta-optin": "true", "x-request-id": "7"})
    assert "<h1>&lt;b&gt;</h1>" in reply.text
    headers = greeter.asked[0][1]
    assert (headers["user-agent"], headers["x-beta-optin"], headers["x-request-id"]) == ("Firefox", "true", "7")


def test_greeter_that_says_nonsense(start: Start, online: Online) -> None:
    for answer in ((200, ["hello"]), (500, {"message": "a"})):
        greeter = online({"/hello": answer})
        web = start("hello_web", environment={"GREETER_SERVICE_URL": f"http://{greeter.address}"})
        assert httpx.get(f"http://{web}/").status_code == 502


def test_no_greeter(start: Start) -> None:
    web = start("hello_web", environment={"GREETER_SERVICE_URL": "http://127.0.0.1:1"})
    reply = httpx.get(f"http://{web}/")
    assert reply.status_code == 502
    assert "did not answer" in reply.text
