# SPDX-License-Identifier: Apache-2.0
"""The words that configurations and requests are made of: few, so that they meet often."""

from __future__ import annotations

REQUEST_HEADERS = ("x-user", "x-team", "x-added")
"""Headers that rules ask for and change; these are compared."""
RESPONSE_HEADERS = ("x-told", "x-said")
HEADER_VALUES = ("amy", "bob", "amy-bob", "1", "")
METHODS = ("GET", "POST", "DELETE", "OPTIONS")
PATHS = ("/", "/api", "/api/", "/api/v1", "/apiary", "/API/v1", "/static/a.css", "/a/b/c", "/deep/api/x")
ODD_PATHS = ("//api", "/api//v1", "/a/../api", "/api/./v1", "/%61pi", "/api%2Fv1", "/api\\v1", "/api;x", "/api/..")
QUERIES = ("", "", "", "?user=amy", "?user=bob&x=1", "?debug", "?x=")
STATUSES = (400, 404, 418, 503)
ENTRY_HOSTS = ("static.test", "dns.test", "*.wild.test", "secure.test", "bytes.test")
"""Hosts of ServiceEntries."""
ENTRY_ADDRESS = "10.99.3.3"
EDGE_HOSTS = ("*", "shop.test", "*.shop.test", "www.shop.test", "secure.test")
"""Hosts of Gateways."""
EDGE_NAMES = ("shop.test", "www.shop.test", "a.b.shop.test", "secure.test", "other.test")
"""What clients of the gateway ask for."""
