# SPDX-License-Identifier: Apache-2.0
"""The documentation of the model: docstrings of its classes and of their fields."""

import ast
import enum
import functools
import inspect
import sys
import textwrap


@functools.cache
def of_fields(cls: type) -> dict[str, str]:
    """What the docstrings after the fields of a class say, by attribute. Python itself forgets them."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        found |= _of_module(base.__module__).get(base.__qualname__, {}) if base.__module__.startswith("lateen.") else {}
    return found


@functools.cache
def _of_module(name: str) -> dict[str, dict[str, str]]:
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    return {node.name: _of_class(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> dict[str, str]:
    found = {}
    for field, following in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            target = field.target.id
        elif isinstance(field, ast.Assign) and isinstance(field.targets[0], ast.Name):
            target = field.targets[0].id
        else:
            continue
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            text = following.value.value
            if isinstance(text, str):
                found[target] = _one_line(text)
    return found


def _one_line(text: str) -> str:
    return " ".join(textwrap.dedent(text).split())


def of_class(cls: type) -> str:
    """What the docstring of a class says."""
    return _one_line(cls.__doc__ or "")


def of_enum(cls: type[enum.Enum]) -> str:
    """The members of an enumeration with their meaning."""
    meanings = of_fields(cls)
    lines = [f"{member.value}: {meanings[member.name]}" if member.name in meanings else member.value for member in cls]
    return "Valid Options: " + "; ".join(line.removesuffix(".") for line in lines) + "."
