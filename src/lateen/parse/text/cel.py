# SPDX-License-Identifier: Apache-2.0
"""Whether a text is an expression of the Common Expression Language, by its published grammar."""

import re
from typing import Final

_STRING: Final = "|".join(
    rf"{quote}(?:[^\\{rest}]|\\.)*?{quote}" for quote, rest in (('"""', ""), ("'''", ""), ('"', '"\\n'), ("'", "'\\n"))
)
_EXPONENT: Final = "[eE][-+]?[0-9]+"
_NUMBER: Final = rf"0[xX][0-9a-fA-F]+[uU]?|[0-9]*\.[0-9]+(?:{_EXPONENT})?|[0-9]+{_EXPONENT}|[0-9]+[uU]?"
_TOKEN: Final = re.compile(
    r"(?P<space>(?:\s|//[^\n]*)+)"
    rf"|(?P<string>[rRbB]{{0,2}}(?:{_STRING}))"
    rf"|(?P<number>{_NUMBER})"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*|`[A-Za-z0-9_./ -]+`)"
    r"|(?P<mark>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]{}])",
    re.DOTALL,
)
_RELATIONS: Final = frozenset({"<", "<=", ">=", ">", "==", "!="})
_RESERVED: Final = frozenset(
    {
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    }
)
_DEEPEST: Final = 64


class _SyntaxError(Exception):
    pass


def syntax_error(expression: str) -> str | None:
    """What keeps the text from being an expression; None when nothing does."""
    try:
        parser = _Parser(_tokens(expression))
        parser.expression(0)
        parser.end()
    except _SyntaxError as error:
        return str(error)
    return None


def _tokens(text: str) -> list[tuple[str, str]]:
    found = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.end() == position:
            raise _SyntaxError(f"unexpected character {text[position]!r} at {position}")
        if match.lastgroup != "space":
            found.append((match.lastgroup or "", match[0]))
        position = match.end()
    return found


class _Parser:
    """A recursive descent over the grammar; each method reads one rule of it."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position][1] if self.position < len(self.tokens) else ""

    def kind(self) -> str:
        return self.tokens[self.position][0] if self.position < len(self.tokens) else ""

    def accept(self, *marks: str) -> bool:
        if self.kind() in ("mark", "name") and self.peek() in marks:
            self.position += 1
            return True
        return False

    def need(self, mark: str) -> None:
        if not self.accept(mark):
            raise _SyntaxError(f"expected {mark!r}, found {self.peek() or 'the end'!r}")

    def end(self) -> None:
        if self.position < len(self.tokens):
            raise _SyntaxError(f"unexpected {self.peek()!r}")

    def expression(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise _SyntaxError("nested too deeply")
        self.binary(depth)
        if self.accept("?"):
            self.binary(depth)
            self.need(":")
            self.expression(depth + 1)

    def binary(self, depth: int) -> None:
        """Operands between operators; their precedence does not matter for what is an expression."""
        self.unary(depth)
        while self.accept("||", "&&", "+", "-", "*", "/", "%", "in", *_RELATIONS):
            self.unary(depth)

    def unary(self, depth: int) -> None:
        while self.accept("!", "-"):
            pass
        self.primary(depth)
        while True:
            if self.accept("."):
                self.accept("?")
                self.name()
                if self.accept("("):
                    self.arguments(depth, ")")
            elif self.accept("["):
                self.accept("?")
                self.expression(depth + 1)
                self.need("]")
            elif self.accept("{"):
                self.entries(depth)
            else:
                return

    def primary(self, depth: int) -> None:
        if self.kind() in ("string", "number"):
            self.position += 1
        elif self.accept("("):
            self.expression(depth + 1)
            self.need(")")
        elif self.accept("["):
            self.arguments(depth, "]")
        elif self.accept("{"):
            self.entries(depth)
        else:
            self.accept(".")
            self.name()
            if self.accept("("):
                self.arguments(depth, ")")

    def name(self) -> None:
        if self.kind() != "name" or self.peek() in _RESERVED or self.peek() == "in":
            raise _SyntaxError(f"unexpected {self.peek() or 'end'!r}")
        self.position += 1

    def arguments(self, depth: int, closing: str) -> None:
        while not self.accept(closing):
            self.accept("?")
            self.expression(depth + 1)
            if not self.accept(","):
                self.need(closing)
                return

    def entries(self, depth: int) -> None:
        while not self.accept("}"):
            self.accept("?")
            self.expression(depth + 1)
            self.need(":")
            self.expression(depth + 1)
            if not self.accept(","):
                self.need("}")
                return
