# SPDX-License-Identifier: Apache-2.0
"""Field paths: spec.http[0].match[1].headers["x-user"]"""

import json
import re
from collections.abc import Iterable
from typing import Final

Step = str | int

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_STEP: Final = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')


def render(steps: Iterable[Step]) -> str:
    """The path as text; keys that are no names stand in brackets and quotes."""
    parts: list[str] = []
    for step in steps:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _NAME.fullmatch(step):
            parts.append(f".{step}" if parts else step)
        else:
            parts.append(f"[{json.dumps(step)}]")
    return "".join(parts)


def key(name: str) -> str:
    """The last step of a path for a key of a map, with its dot or bracket."""
    return f".{name}" if _NAME.fullmatch(name) else f"[{json.dumps(name)}]"


def split(path: str) -> list[Step]:
    """The steps of a path that `render` made; what does not look like one ends it."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        found = _STEP.match(path, position)
        if found is None:
            break
        name, index, quoted = found.groups()
        steps.append(name if name is not None else int(index) if index is not None else json.loads(quoted))
        position = found.end()
    return steps
