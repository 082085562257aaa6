# SPDX-License-Identifier: Apache-2.0
"""Bookinfo: four services as processes that call one another."""

from __future__ import annotations

from typing import Any

import httpx

from tests.samples.conftest import Online, Start

VOLUME = {
    "authors": ["William Shakespeare"],
    "publishedDate": "2002-12-31",
    "printType": "BOOK",
    "pageCount": 60,
    "publisher": "Courier",
    "language": "en",
    "industryIdentifiers": [
        {"type": "ISBN_13", "identifier": "9780486424613"},
        {"type": "ISBN_10", "identifier": "0486424618"},
    ],
}
NOWHERE = "127.0.0.1:1"


def at(**services: str) -> dict[str, str]:
    """Variables that tell of services by their addresses."""
    found = {}
    for name, address in services.items():
        host, _, port = address.partition(":")
        found |= {f"{name.upper()}_HOSTNAME": host, f"{name.upper()}_SERVICE_PORT": port}
    return found


def test_the_whole(start: Start) -> None:
    ratings, details = start("bookinfo.ratings"), start("bookinfo.details")
    stars = {}
    for version in ("v1", "v2", "v3"):
        environment = {**at(ratings=ratings), "HOSTNAME": f"reviews-{version}"}
        reviews = start("bookinfo.reviews", "--version", version, environment=environment)
        page = start("bookinfo.productpage", environment=at(reviews=reviews, details=details, ratings=ratings))
        reply = httpx.get(f"http://{page}/productpage")
        assert reply.status_code == 200
        assert "<title>Simple Bookstore App</title>" in reply.text
        assert "<th>Publisher</th><td>PublisherA</td>" in reply.text
        assert f"Reviews served by: <code>reviews-{version}</code>" in reply.text
        assert "Error fetching" not in reply.text
        stars[version] = [word for word in ("★★★★★<", "★★★★☆<", '"black"', '"red"') if word in reply.text]
    assert stars == {"v1": [], "v2": ["★★★★★<", "★★★★☆<", '"black"'], "v3": ["★★★★★<", "★★★★☆<", '"red"']}
    api = f"http://{page}/api/v1/products"
    assert [each["id"] for each in httpx.get(api).json()] == [0]
    assert httpx.get(f"{api}/0").json()["pages"] == 200
    assert httpx.get(f"{api}/0/ratings").json() == {"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}
    httpx.post(f"http://{ratings}/ratings/0", json={"Reviewer1": 1, "Reviewer2": 2})
    rated = httpx.get(f"{api}/0/reviews").json()["reviews"]
    assert [review["rating"] for review in rated] == [{"stars": 1, "color": "red"}, {"stars": 2, "color": "red"}]
    assert httpx.get(f"{api}/x").status_code == httpx.get(f"{api}/0/x").status_code == 404


def test_without_the_others(start: Start) -> None:
    page = start("bookinfo.productpage", environment=at(reviews=NOWHERE, details=NOWHERE, ratings=NOWHERE))
    reply = httpx.get(f"http://{page}/productpage")
    assert reply.status_code == 200
    for what in ("details", "reviews"):
        assert f"Error fetching product {what}!" in reply.text
        assert f"Sorry, product {what} are currently unavailable for this book." in reply.text
    assert httpx.get(f"http://{page}/api/v1/products/0/ratings").status_code == 500


def test_reviews_without_ratings(start: Start, online: Online) -> None:
    failing = online({"/ratings/0": (500, {}), "/ratings/1": (200, ["?"]), "/ratings/2": (200, {"ratings": {}})})
    for ratings in (failing.address, NOWHERE):
        reviews = start("bookinfo.reviews", "--version", "v2", environment=at(ratings=ratings))
        for product in range(3):
            found = httpx.get(f"http://{reviews}/reviews/{product}").json()["reviews"]
            problem = {"error": "Ratings service is currently unavailable"}
            assert [each["rating"] for each in found] == [problem, problem]


def test_reviews_are_asked_twice(start: Start, online: Online) -> None:
    reviews = online({"/reviews/0": (503, {})})
    page = start("bookinfo.productpage", environment=at(reviews=reviews.address, details=NOWHERE, ratings=NOWHERE))
    assert httpx.get(f"http://{page}/api/v1/products/0/reviews").status_code == 503
    assert len(reviews.asked) == 2


def test_who_signed_in_goes_all_the_way(start: Start, online: Online) -> None:
    ratings = online({"/ratings/0": (200, {"ratings": {"Reviewer1": 3}})})
    reviews = start("bookinfo.reviews", "--version", "v3", environment=at(ratings=ratings.address))
    page = start("bookinfo.productpage", environment=at(reviews=reviews, details=NOWHERE, ratings=NOWHERE))
    with httpx.Client(base_url=f"http://{page}", headers={"x-request-id": "42"}, follow_redirects=True) as browser:
        assert "Sign in" in browser.get("/productpage").text
        text = browser.post("/login", data={"username": "jason", "passwd": ""}).text
        assert "jason (<a" in text
        assert "★★★☆☆<" in text
        assert "Ratings service is currently unavailable" in text
        assert "Sign in" in browser.get("/logout").text
    users = [(headers["end-user"], headers["x-request-id"]) for _, headers in ratings.asked]
    assert users == [(None, "42"), ("jason", "42"), (None, "42")]


def test_details_of_an_external_service(start: Start, online: Online) -> None:
    books = online({"/books/v1/volumes": (200, {"items": [{"volumeInfo": VOLUME}]})})
    details = start(
        "bookinfo.details", "--version", "v2", "--books", books.address, environment={"DO_NOT_ENCRYPT": "true"}
    )
    reply = httpx.get(f"http://{details}/details/0", headers={"x-request-id": "42"})
    assert reply.json() == {
        "id": 0,
        "author": "William Shakespeare",
        "year": "2002-12-31",
        "type": "paperback",
        "pages": 60,
        "publisher": "Courier",
        "language": "English",
        "ISBN-10": "0486424618",
        "ISBN-13": "9780486424613",
    }
    [(path, headers)] = books.asked
    assert path == "/books/v1/volumes?q=isbn:0486424618"
    assert headers["x-request-id"] == "42"


def test_plain_requests_find_the_port(start: Start, online: Online) -> None:
    """Istio's manifests take plain requests at port 80, the article's at 443: here a proxy answers for either."""
    path = "://www.googleapis.com{}/books/v1/volumes"
    known = (200, {"items": [{"volumeInfo": VOLUME}]})
    for answers in ({"": known}, {"": (502, {}), ":443": known}):
        proxy = online({"http" + path.format(port): answer for port, answer in answers.items()})
        names = ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY")
        environment = dict.fromkeys(names[:2], f"http://{proxy.address}") | dict.fromkeys(names[2:], "")
        details = start("bookinfo.details", "--version", "v2", environment={**environment, "DO_NOT_ENCRYPT": "true"})
        with httpx.Client(trust_env=False) as client:
            assert [client.get(f"http://{details}/details/0").json()["pages"] for _ in range(2)] == [60, 60]
        # Once it is known which port answers, that one is asked.
        assert len(proxy.asked) == len(answers) + 1


def test_external_service_in_trouble(start: Start, online: Online) -> None:
    answers: list[tuple[int, Any]] = [(403, {}), (200, {"items": []}), (200, [])]
    for answer in answers:
        books = online({"/books/v1/volumes": answer})
        details = start(
            "bookinfo.details", "--version", "v2", "--books", books.address, environment={"WITH_ISTIO": "true"}
        )
        reply = httpx.get(f"http://{details}/details/0")
        assert reply.status_code == 400
        assert reply.json()["error"]
        page = start("bookinfo.productpage", environment=at(reviews=NOWHERE, details=details, ratings=NOWHERE))
        assert "Error fetching product details!" in httpx.get(f"http://{page}/productpage").text


def test_encrypted_unless_told(start: Start, online: Online) -> None:
    books = online({"/books/v1/volumes": (200, {"items": [{"volumeInfo": VOLUME}]})})
    details = start("bookinfo.details", "--version", "v2", "--books", books.address)
    # The server here speaks no TLS, and gets no request.
    assert httpx.get(f"http://{details}/details/0").status_code == 400
    assert books.asked == []


def test_numbers_of_products(start: Start) -> None:
    for service in ("ratings", "details"):
        address = start(f"bookinfo.{service}")
        for path in ("x", "-1", "", "1/2", "٣"):
            assert httpx.get(f"http://{address}/{service}/{path}").status_code == 400, path
        assert httpx.get(f"http://{address}/other").status_code == 404
        assert "is healthy" in httpx.get(f"http://{address}/health").text
