# SPDX-License-Identifier: Apache-2.0
"""The images of a cluster: the sample applications."""

from __future__ import annotations

from lateen.node.image_catalogue import Catalogue, Image
from lateen.node.process import main_module


def catalogue() -> Catalogue:
    """The images that every cluster has."""
    sleep = Image(entrypoint=("sleep",), arguments=("infinity",))
    curl = Image(entrypoint=("curl",))
    return Catalogue(
        [
            ("learnistio/hello-web", Image(entrypoint=main_module("lateen.samples.hello_web"))),
            ("learnistio/greeter-service:1.*", _greeter("1.0.0")),
            ("learnistio/greeter-service:2.*", _greeter("2.0.0")),
            ("curlimages/curl", curl),
            ("pstauffer/curl", curl),
            ("busybox", sleep),
        ]
    )


def _greeter(version: str) -> Image:
    return Image(entrypoint=main_module("lateen.samples.greeter", "--version", version))
