# SPDX-License-Identifier: Apache-2.0
"""Bookinfo, httpbin and sleep in a cluster: our manifests, then Istio's own in their place."""

from __future__ import annotations

import re
from pathlib import Path

from lateen.samples.sample import documents
from tests.cluster.conftest import Cluster

PODS = 8
JASON = ("-b", "user=jason")
STARS = 'data-color="(black|red)"'


def page(cluster: Cluster, *words: str) -> str:
    return cluster.curl(*words, f"{cluster.gateway}/productpage")[1]


def whole(text: str) -> bool:
    return "Book Details" in text and "Book Reviews" in text


def test_the_page(cluster: Cluster) -> None:
    cluster.kubectl("apply", "-f", "-", text="---\n".join(map(documents, ("bookinfo", "httpbin", "sleep"))))
    pods = cluster.ready(PODS)
    for name, pod in pods.items():
        assert len(pod["status"]["containerStatuses"]) == 2, name
    cluster.wait(lambda: whole(page(cluster)))
    # All three versions of reviews take part.
    seen: set[tuple[str, ...]] = set()

    def all_three() -> bool:
        if whole(text := page(cluster)):
            seen.add(tuple(sorted(set(re.findall(STARS, text)))))
        return seen == {(), ("black",), ("red",)}

    cluster.wait(all_three, lambda: str(seen))


def test_routes_by_user(cluster: Cluster) -> None:
    for name in ("virtual-service-all-v1", "virtual-service-reviews-test-v2"):
        cluster.kubectl("apply", "-f", "-", text=documents(f"bookinfo/networking/{name}.yaml"))
    cluster.wait(lambda: re.findall(STARS, page(cluster, *JASON)) == ["black", "black"])
    for _ in range(10):
        assert re.findall(STARS, page(cluster, *JASON)) == ["black", "black"]
        assert re.findall(STARS, page(cluster)) == []


def test_a_fault_of_one_service_is_not_the_pages(cluster: Cluster) -> None:
    cluster.kubectl("apply", "-f", "-", text=documents("bookinfo/networking/virtual-service-ratings-test-abort.yaml"))
    cluster.wait(lambda: "Ratings service is currently unavailable" in page(cluster, *JASON))
    cluster.kubectl("apply", "-f", "-", text=documents("bookinfo/networking/fault-injection-details-v1.yaml"))
    cluster.wait(lambda: "Error fetching product details!" in page(cluster))
    assert "Book Reviews" in page(cluster)


def test_who_calls_httpbin(cluster: Cluster) -> None:
    seen = cluster.kubectl("exec", "deploy/sleep", "--", "curl", "-s", "http://httpbin:8000/headers")
    assert "URI=spiffe://cluster.local/ns/default/sa/sleep" in seen


def test_istios_own_manifests_run_unchanged(cluster: Cluster, shared: Path) -> None:
    folder = shared / "samples"
    cluster.kubectl("delete", "-f", "-", text=documents("bookinfo/networking/fault-injection-details-v1.yaml"))
    for file in ("bookinfo/bookinfo.yaml", "httpbin.yaml", "sleep.yaml"):
        cluster.kubectl("apply", "-f", str(folder / file))
    for name in ("productpage-v1", "reviews-v1", "reviews-v2", "reviews-v3"):
        cluster.kubectl("rollout", "status", f"deployment/{name}", "--timeout", "90s")
    cluster.wait(lambda: whole(page(cluster)))
