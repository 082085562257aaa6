# SPDX-License-Identifier: Apache-2.0
"""The samples by name, and their manifests: files of this package under the paths that articles use below `samples`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

SEPARATOR = "---\n"


class Sample(NamedTuple):
    """A sample: what it is, in a line, and the manifests with which it starts."""

    summary: str
    start: tuple[str, ...]


SAMPLES = {
    "bookinfo": Sample(
        "A page about a book, of four services in several versions, at the ingress gateway.",
        (
            "bookinfo/platform/kube/bookinfo.yaml",
            "bookinfo/networking/destination-rule-all.yaml",
            "bookinfo/networking/bookinfo-gateway.yaml",
        ),
    ),
    "curl": Sample("A pod to send requests from.", ("curl/curl.yaml",)),
    "hello-web": Sample(
        "A front end and the Greeter Service behind it, at the ingress gateway under the name helloweb.dev.",
        (
            "hello-web/greeter-service-v1.yaml",
            "hello-web/helloweb.yaml",
            "hello-web/gateway.yaml",
            "hello-web/virtual-service.yaml",
        ),
    ),
    "httpbin": Sample("Says what it was asked, and answers as it is told to.", ("httpbin/httpbin.yaml",)),
    "movie-web": Sample(
        "Popular films, from themoviedb.org; needs a key from there.",
        (
            "movie-web/movie-web.yaml",
            "hello-web/gateway.yaml",
            "movie-web/virtual-service.yaml",
            "movie-web/service-entry.yaml",
        ),
    ),
    "sleep": Sample("A pod to send requests from, by its older name.", ("sleep/sleep.yaml",)),
    "tcp-echo": Sample("Answers each line with the same line, in two versions.", ("tcp-echo/tcp-echo-services.yaml",)),
}


def paths() -> list[str]:
    """The paths of all manifests."""
    return sorted(_below(_root(), ""))


def manifest(path: str) -> str:
    """The text of a manifest. Raises KeyError if there is none at that path."""
    if path not in paths():
        raise KeyError(path)
    return _root().joinpath(*path.split("/")).read_text(encoding="utf-8")


def documents(name: str) -> str:
    """The manifests with which a sample starts, or the one of a path, as one text. Raises KeyError."""
    chosen = SAMPLES[name].start if name in SAMPLES else (name,)
    return SEPARATOR.join(manifest(path) for path in chosen)


def _root() -> Traversable:
    return files("lateen.samples") / "manifests"


def _below(folder: Traversable, prefix: str) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _below(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".yaml"):
            yield prefix + entry.name
