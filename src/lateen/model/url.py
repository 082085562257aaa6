# SPDX-License-Identifier: Apache-2.0
"""The scheme of a URL, as rules of the schema ask for it."""

import re
from typing import Final

_URL: Final = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?P<rest>[^\s#?]*)(?:\?[^\s#]*)?(?:#\S*)?")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BAD_HOST: Final = re.compile(r"""[\s"<>\\^`{|}]""")


def url_scheme(url: str) -> str | None:
    """The scheme in lower case, empty for an absolute path; None when the text is no absolute URL or path."""
    found = _URL.fullmatch(url)
    if found is None or _BAD_ESCAPE.search(url) or any(ord(char) < 32 for char in url):
        return None
    scheme, rest = found["scheme"], found["rest"]
    if scheme is None:
        return "" if url.startswith("/") else None
    authority = rest[2:].partition("/")[0] if rest.startswith("//") else ""
    return None if _BAD_HOST.search(authority) else scheme.lower()
