# SPDX-License-Identifier: Apache-2.0
"""Which public image names stand for which application."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from lateen.app.cluster_images import catalogue
from lateen.samples.catalogue import IMAGES

DIGEST = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("reference", "end"),
    [
        ("learnistio/hello-web:1.0.0", "lateen.samples.hello_web --version 1.0.0"),
        ("docker.io/learnistio/hello-web:1.0.0", "lateen.samples.hello_web --version 1.0.0"),
        ("learnistio/greeter-service:1.0.0", "lateen.samples.greeter --version 1.0.0"),
        ("learnistio/greeter-service:2.0.0", "lateen.samples.greeter --version 2.0.0"),
        ("learnistio/greeter-service:1.0.0" + DIGEST, "lateen.samples.greeter --version 1.0.0"),
        ("localhost:5000/learnistio/greeter-service", "lateen.samples.greeter --version 2.0.0"),
        ("learnistio/movie-web:1.0.0", "lateen.samples.movie_web"),
        ("registry.istio.io/release/examples-bookinfo-productpage-v1:1.20.3", "lateen.samples.bookinfo.productpage"),
        ("docker.io/istio/examples-bookinfo-details-v1:1.16.2", "lateen.samples.bookinfo.details --version v1"),
        ("istio/examples-bookinfo-details-v2:1.8.0", "lateen.samples.bookinfo.details --version v2"),
        ("gcr.io/some/where/examples-bookinfo-reviews-v1", "lateen.samples.bookinfo.reviews --version v1"),
        ("istio/examples-bookinfo-reviews-v2:1.20.3" + DIGEST, "lateen.samples.bookinfo.reviews --version v2"),
        ("istio/examples-bookinfo-reviews-v3:1.20.3", "lateen.samples.bookinfo.reviews --version v3"),
        ("istio/examples-bookinfo-ratings-v1:1.20.3", "lateen.samples.bookinfo.ratings"),
        ("docker.io/mccutchen/go-httpbin:v2.15.0", "lateen.samples.httpbin --lists --port 8080"),
        ("docker.io/kennethreitz/httpbin", "lateen.samples.httpbin --port 80"),
        ("docker.io/istio/tcp-echo-server:1.2", "lateen.samples.tcp_echo"),
        ("curlimages/curl", "curl"),
        ("docker.io/curlimages/curl:8.16.0", "curl"),
        ("pstauffer/curl", "curl"),
    ],
)
def test_public_names(reference: str, end: str) -> None:
    image = catalogue().find(reference)
    assert image is not None
    assert " ".join((*image.entrypoint, *image.arguments)).endswith(end)


@pytest.mark.parametrize(
    "reference",
    [
        "nginx",
        "mylearnistio/hello-web",
        "examples-bookinfo-ratings-v2:1.20.3",
        "learnistio/greeter-service:3.0.0",
        "curl",
    ],
)
def test_other_names(reference: str) -> None:
    assert catalogue().find(reference) is None


def test_modules_exist() -> None:
    assert [image.module for _, image in IMAGES if image.module and find_spec(image.module) is None] == []
