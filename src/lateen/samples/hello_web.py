# SPDX-License-Identifier: Apache-2.0
"""Hello Web, the front end: asks the Greeter Service named by GREETER_SERVICE_URL and shows what it said.

GREETER_SERVICE_URL=http://greeter-service:3000 python -m lateen.samples.hello_web --port 3000
"""

from __future__ import annotations

import argparse
import html
import os

import httpx

from lateen.samples.forwarded import forwarded
from lateen.samples.http_client import inside
from lateen.samples.http_server import Request, Response, add_address, serve

PAGE = """<link rel="stylesheet" type="text/css" href="css/style.css" />

<pre>frontend: {frontend}</pre>
<pre>service: {service}</pre>

<div class="container">
    <h1>{message}</h1>
</div>
"""

STYLE = "body { font-family: sans-serif } .container { text-align: center; padding: 15vh 0 }\n"

PASSED_ON = ("x-beta-optin", "x-my-header", "end-user")
"""Headers by which the article's rules for the Greeter Service tell requests apart."""


def main() -> None:
    """Run the front end until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default="1.0.0")
    add_address(parser, 3000)
    options = parser.parse_args()
    greeting = os.environ.get("GREETER_SERVICE_URL", "http://greeter-service:3000").rstrip("/") + "/hello"
    client = inside(timeout=10)

    def answer(request: Request) -> Response:
        if request.path.partition("?")[0].endswith("/css/style.css"):
            return Response(STYLE, content_type="text/css")
        try:
            reply = client.get(greeting, headers=forwarded(request.headers, PASSED_ON))
            reply.raise_for_status()
            said = reply.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Response(f"The Greeter Service did not answer: {error}\n", 502, "text/plain; charset=utf-8")
        if not isinstance(said, dict):
            return Response("The Greeter Service did not say hello\n", 502, "text/plain; charset=utf-8")
        return Response(
            PAGE.format(
                frontend=html.escape(options.version),
                service=html.escape(str(said.get("version"))),
                message=html.escape(str(said.get("message"))),
            )
        )

    serve(answer, options)


if __name__ == "__main__":
    main()
