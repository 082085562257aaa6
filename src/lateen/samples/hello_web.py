# SPDX-License-Identifier: Apache-2.0
"""Hello Web, the front end: asks the Greeter Service named by GREETER_SERVICE_URL and shows what it said.

GREETER_SERVICE_URL=http://greeter-service:3000 python -m lateen.samples.hello_web --port 3000
"""

from __future__ import annotations

import argparse
import html
import os

import httpx

from lateen.samples.http_server import Request, Response, serve

PAGE = """<link rel="stylesheet" type="text/css" href="css/style.css" />

<pre>frontend: {frontend}</pre>
<pre>service: {service}</pre>

<div class="container">
    <h1>{message}</h1>
</div>
"""

STYLE = "body { font-family: sans-serif } .container { text-align: center; padding: 15vh 0 }\n"

PASSED_ON = ("x-request-id", "traceparent", "tracestate", "user-agent", "x-beta-optin", "end-user")
"""Headers that go on to the Greeter Service, so that rules there can tell requests apart."""


def main() -> None:
    """Run the front end until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--host", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=3000)
    options = parser.parse_args()
    greeter = httpx.Client(
        base_url=os.environ.get("GREETER_SERVICE_URL", "http://greeter-service:3000"), timeout=10, trust_env=False
    )

    def answer(request: Request) -> Response:
        if request.path.endswith("/css/style.css"):
            return Response(STYLE, content_type="text/css")
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        try:
            reply = greeter.get("/hello", headers=headers)
            reply.raise_for_status()
            said = reply.json()
        except (httpx.HTTPError, ValueError) as error:
            return Response(f"The Greeter Service did not answer: {error}\n", 502, "text/plain; charset=utf-8")
        return Response(
            PAGE.format(
                frontend=options.version,
                service=html.escape(str(said.get("version"))),
                message=html.escape(str(said.get("message"))),
            )
        )

    serve(answer, options.host, options.port)


if __name__ == "__main__":
    main()
