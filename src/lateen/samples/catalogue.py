# SPDX-License-Identifier: Apache-2.0
"""The sample applications under the public names of their images. Pure data, for the catalogue of whoever runs pods.

A name without registry stands for that name at every registry, one without a tag for every tag, * for any text. Of
several that fit the first counts.
"""

from __future__ import annotations

from typing import NamedTuple


class SampleImage(NamedTuple):
    """What an image runs: a module of this package (`module`), or a program of the machine (`program`), with `entry`
    in front of `arguments`, which a container's `args` replace."""

    module: str = ""
    program: str = ""
    entry: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


_BOOKINFO = "lateen.samples.bookinfo"
_CURL = SampleImage(program="curl")
_SLEEP = SampleImage(program="sleep", arguments=("infinity",))


def _versioned(module: str, version: str) -> SampleImage:
    return SampleImage(module, entry=("--version", version))


IMAGES: tuple[tuple[str, SampleImage], ...] = (
    ("learnistio/hello-web", _versioned("lateen.samples.hello_web", "1.0.0")),
    ("learnistio/greeter-service:1*", _versioned("lateen.samples.greeter", "1.0.0")),
    ("learnistio/greeter-service:2*", _versioned("lateen.samples.greeter", "2.0.0")),
    ("learnistio/greeter-service:latest", _versioned("lateen.samples.greeter", "2.0.0")),
    ("learnistio/movie-web", SampleImage("lateen.samples.movie_web")),
    ("examples-bookinfo-productpage-v1", SampleImage(f"{_BOOKINFO}.productpage")),
    ("examples-bookinfo-details-v1", _versioned(f"{_BOOKINFO}.details", "v1")),
    ("examples-bookinfo-details-v2", _versioned(f"{_BOOKINFO}.details", "v2")),
    ("examples-bookinfo-reviews-v1", _versioned(f"{_BOOKINFO}.reviews", "v1")),
    ("examples-bookinfo-reviews-v2", _versioned(f"{_BOOKINFO}.reviews", "v2")),
    ("examples-bookinfo-reviews-v3", _versioned(f"{_BOOKINFO}.reviews", "v3")),
    ("examples-bookinfo-ratings-v1", SampleImage(f"{_BOOKINFO}.ratings")),
    ("mccutchen/go-httpbin", SampleImage("lateen.samples.httpbin", entry=("--lists",), arguments=("--port", "8080"))),
    ("kennethreitz/httpbin", SampleImage("lateen.samples.httpbin", arguments=("--port", "80"))),
    ("kong/httpbin", SampleImage("lateen.samples.httpbin", arguments=("--port", "80"))),
    ("tcp-echo-server", SampleImage("lateen.samples.tcp_echo")),
    ("curlimages/curl", _CURL),
    ("pstauffer/curl", _CURL),
    ("governmentpaas/curl-ssl", _SLEEP),
    ("tutum/curl", _SLEEP),
    ("busybox", _SLEEP),
)
