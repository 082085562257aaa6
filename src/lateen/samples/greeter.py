# SPDX-License-Identifier: Apache-2.0
"""Greeter Service, the back end of Hello Web: `/hello` says hello; version 2 says it louder.

python -m lateen.samples.greeter --version 2.0.0 --port 3000
"""

from __future__ import annotations

import argparse

from lateen.samples.http_server import Request, Response, add_address, json_response, serve

MESSAGES = {"1": "hello 👋 ", "2": "🔥🔥 !!HELLO!! 🔥🔥"}


def main() -> None:
    """Run the service until it is told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--version", default="1.0.0")
    add_address(parser, 3000)
    options = parser.parse_args()

    def answer(request: Request) -> Response:
        path = request.path.partition("?")[0]
        if path == "/hello":
            return json_response({"message": MESSAGES[options.version[0]], "version": options.version})
        if path in ("/", "/health"):
            return Response("ok", content_type="text/plain")
        return Response(f"Cannot {request.method} {path}\n", 404, "text/plain")

    serve(answer, options)


if __name__ == "__main__":
    main()
