# SPDX-License-Identifier: Apache-2.0
"""Random rules of VirtualServices for HTTP."""

from __future__ import annotations

from random import Random

from tests.truth.documents import Document
from tests.truth.vocabulary import HEADER_VALUES, METHODS, PATHS, REQUEST_HEADERS, RESPONSE_HEADERS, STATUSES
from tests.truth.world import STORE, WEB

_REGEXES = ("/api/.*", "/[a-z]+", ".*v[0-9]", "/(api|static)(/.*)?")
_VALUE_REGEXES = ("a.*", "[a-z]+", "amy|bob", ".*")
_WEIGHTS = ((100,), (100,), (50, 50), (20, 80), (0, 100), (1, 1), (10, 20, 70))


def http_route(random: Random, gateway: bool) -> Document:
    """One rule; `gateway`: it is for gateways, where a short path of names does not help."""
    rule: Document = {}
    if random.random() < 0.75:
        rule["match"] = [_match(random, gateway) for _ in range(random.randint(1, 2))]
    kind = random.random()
    if kind < 0.12:
        return {**rule, "redirect": _redirect(random)}
    if kind < 0.22:
        body = f"told {random.randint(0, 9)}"
        return {**rule, "directResponse": {"status": random.choice((200, *STATUSES)), "body": {"string": body}}}
    rule["route"] = _destinations(random)
    if random.random() < 0.35:
        rule["rewrite"] = _rewrite(random)
    if random.random() < 0.3:
        rule["headers"] = _headers(random)
        if "rewrite" not in rule and random.random() < 0.2:
            rule["headers"].setdefault("request", {}).setdefault("set", {})["host"] = "told.test"
    if random.random() < 0.12:
        percent = random.choice((100, 100, 50, 0))
        rule["fault"] = {"abort": {"httpStatus": random.choice(STATUSES), "percentage": {"value": percent}}}
    if random.random() < 0.1:
        rule["mirror"] = {"host": WEB, "port": {"number": 80}}
    if random.random() < 0.15:
        rule["timeout"] = "10s"
    if random.random() < 0.15:
        rule["retries"] = random.choice(({"attempts": 0}, {"attempts": 2, "retryOn": "5xx"}))
    if random.random() < 0.1:
        rule["corsPolicy"] = {
            "allowOrigins": [{"exact": "http://origin.test"}, {"prefix": "http://a"}],
            "allowMethods": ["GET"],
        }
    return rule


def _match(random: Random, gateway: bool) -> Document:
    match: Document = {}
    if random.random() < 0.7:
        match["uri"] = _string(random, PATHS, _REGEXES)
        if random.random() < 0.2 and "regex" not in match["uri"]:
            match["ignoreUriCase"] = True
    if random.random() < 0.35:
        match["headers"] = {random.choice(REQUEST_HEADERS): _header(random)}
    if random.random() < 0.15:
        match["withoutHeaders"] = {random.choice(REQUEST_HEADERS): _header(random)}
    if random.random() < 0.15:
        match["method"] = _string(random, METHODS[:3], ("GET|POST",))
    if random.random() < 0.15:
        match["queryParams"] = {
            random.choice(("user", "x", "debug")): _string(random, ("amy", "1", ""), (".*", "[a-z]+"))
        }
    if random.random() < 0.1:
        match["authority"] = _string(random, ("shop.test", "web", "virtual.test"), (".*test", "web.*"))
    if random.random() < 0.1:
        match["scheme"] = _string(random, ("http", "https"), ("https?",))
    if random.random() < 0.12:
        match["port"] = random.choice((80, 81, 443) if gateway else (80, 81))
    if not gateway and random.random() < 0.12:
        match["sourceLabels"] = {"app": random.choice(("front", "back"))}
    if not gateway and random.random() < 0.08:
        match["sourceNamespace"] = random.choice(("default", "other"))
    return match or {"uri": {"prefix": "/"}}


def _string(random: Random, words: tuple[str, ...], regexes: tuple[str, ...]) -> Document:
    kind = random.choice(("exact", "prefix", "prefix", "regex"))
    value = random.choice(regexes) if kind == "regex" else random.choice([word for word in words if word])
    return {kind: value}


def _header(random: Random) -> Document:
    if random.random() < 0.2:
        return {}
    return _string(random, HEADER_VALUES, _VALUE_REGEXES)


def _redirect(random: Random) -> Document:
    redirect: Document = {}
    if random.random() < 0.6:
        redirect["uri"] = random.choice(("/moved", "/moved/to/", "/x?y=1", "%PREFIX()%"))
    if random.random() < 0.5 or not redirect:
        redirect["authority"] = random.choice(("moved.test", "moved.test:8443"))
    if random.random() < 0.3:
        redirect["scheme"] = random.choice(("http", "https"))
    if random.random() < 0.3:
        redirect["port"] = random.choice((80, 443, 8080))
    elif random.random() < 0.2:
        redirect["derivePort"] = random.choice(("FROM_REQUEST_PORT", "FROM_PROTOCOL_DEFAULT"))
    if random.random() < 0.5:
        redirect["redirectCode"] = random.choice((301, 302, 303, 307, 308))
    return redirect


def _rewrite(random: Random) -> Document:
    kind = random.random()
    if kind < 0.4:
        return {"uri": random.choice(("/", "/new", "/new/"))}
    if kind < 0.6:
        return {"uriRegexRewrite": {"match": random.choice(("^/api/(.*)$", "/a", "[0-9]")), "rewrite": "/r\\0"}}
    authority = {"authority": random.choice(("rewritten.test", "rewritten.test:8080"))}
    return {**authority, "uri": "/both"} if random.random() < 0.3 else authority


def _headers(random: Random) -> Document:
    made: Document = {}
    if random.random() < 0.8:
        made["request"] = _operations(random, REQUEST_HEADERS)
    if random.random() < 0.5:
        made["response"] = _operations(random, RESPONSE_HEADERS)
    return made


def _operations(random: Random, names: tuple[str, ...]) -> Document:
    made: Document = {}
    if random.random() < 0.6:
        made["set"] = {random.choice(names): random.choice(("set", "100%%", "%REQ(x-user)%"))}
    if random.random() < 0.4:
        made["add"] = {random.choice(names): "added"}
    if random.random() < 0.4:
        made["remove"] = [random.choice(names)]
    return made


def _destinations(random: Random) -> list[Document]:
    weights = random.choice(_WEIGHTS)
    made = []
    for weight in weights:
        host = random.choice((WEB, WEB, STORE, STORE, "static.test", "dns.test", "missing.test"))
        destination: Document = {"host": host}
        if host in (WEB, STORE):
            destination["port"] = {"number": random.choice((80, 80, 81))}
            if random.random() < 0.5:
                destination["subset"] = random.choice(("v1", "v2"))
        entry: Document = {"destination": destination}
        if len(weights) > 1:
            entry["weight"] = weight
        if random.random() < 0.15:
            entry["headers"] = _headers(random)
        made.append(entry)
    return made
