"""Lets harmless CSS of a message through: properties, values and selectors by allow-list (tinycss2)."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import tinycss2
from tinycss2 import color3

PREFIX = "m-"  # before every class and id of a message
ROOT_CLASS = "-root"  # of the element that stands for the message's own body
MAX_SHEET_CHARACTERS = 200_000
MAX_STYLE_CHARACTERS = 8_000
MAX_RULES = 5_000
MAX_SELECTOR_CHARACTERS = 2_000
MAX_DEPTH = 6

_ROOT = f".{PREFIX}{ROOT_CLASS}"
_EXACT = frozenset(
    [
        "align-content",
        "align-items",
        "align-self",
        "aspect-ratio",
        "background",
        "background-clip",
        "background-color",
        "background-image",
        "background-origin",
        "background-position",
        "background-repeat",
        "background-size",
        "border",
        "border-collapse",
        "border-radius",
        "border-spacing",
        "bottom",
        "box-shadow",
        "box-sizing",
        "caption-side",
        "clear",
        "color",
        "cursor",
        "direction",
        "display",
        "empty-cells",
        "flex",
        "flex-basis",
        "flex-direction",
        "flex-flow",
        "flex-grow",
        "flex-shrink",
        "flex-wrap",
        "float",
        "font",
        "font-family",
        "font-size",
        "font-stretch",
        "font-style",
        "font-variant",
        "font-weight",
        "gap",
        "column-gap",
        "row-gap",
        "height",
        "hyphens",
        "justify-content",
        "justify-items",
        "justify-self",
        "left",
        "letter-spacing",
        "line-height",
        "list-style",
        "list-style-position",
        "list-style-type",
        "margin",
        "max-height",
        "max-width",
        "min-height",
        "min-width",
        "object-fit",
        "object-position",
        "opacity",
        "order",
        "outline",
        "outline-color",
        "outline-style",
        "outline-width",
        "overflow",
        "overflow-wrap",
        "overflow-x",
        "overflow-y",
        "padding",
        "position",
        "right",
        "tab-size",
        "table-layout",
        "text-align",
        "text-decoration",
        "text-decoration-color",
        "text-decoration-line",
        "text-decoration-style",
        "text-indent",
        "text-overflow",
        "text-shadow",
        "text-transform",
        "top",
        "unicode-bidi",
        "vertical-align",
        "visibility",
        "white-space",
        "width",
        "word-break",
        "word-spacing",
        "word-wrap",
        "z-index",
        "grid-template-columns",
        "grid-template-rows",
        "grid-column",
        "grid-row",
        "inline-size",
        "block-size",
        "max-inline-size",
        "min-inline-size",
    ]
)
_SIDES = re.compile(
    r"\A(?:border-(?:top|right|bottom|left)(?:-(?:left|right))?(?:-(?:color|style|width|radius))?"
    r"|border-(?:color|style|width)|(?:margin|padding)-(?:top|right|bottom|left)"
    r"|(?:margin|padding|border)-(?:inline|block)(?:-(?:start|end))?)\Z"
)
_FUNCTIONS = frozenset(
    [
        "rgb",
        "rgba",
        "hsl",
        "hsla",
        "calc",
        "min",
        "max",
        "clamp",
        "linear-gradient",
        "radial-gradient",
        "repeating-linear-gradient",
        "repeating-radial-gradient",
        "minmax",
        "repeat",
        "fit-content",
    ]
)
_COLOURS = frozenset(("rgb", "rgba", "hsl", "hsla"))
_WITH_STRINGS = frozenset(("font", "font-family"))
_WITH_IMAGES = frozenset(("background", "background-image"))
_POSITIONS = frozenset(("static", "relative", "absolute", "initial", "inherit"))
_PSEUDO_CLASSES = frozenset(
    [
        "link",
        "visited",
        "hover",
        "active",
        "focus",
        "first-child",
        "last-child",
        "only-child",
        "first-of-type",
        "last-of-type",
        "only-of-type",
        "empty",
    ]
)
_MEDIA_WORDS = frozenset(("all", "screen", "print", "only", "and", "not"))
_MEDIA_FEATURES = frozenset(
    [
        "width",
        "min-width",
        "max-width",
        "height",
        "min-height",
        "max-height",
        "device-width",
        "min-device-width",
        "max-device-width",
        "orientation",
        "portrait",
        "landscape",
        "resolution",
        "min-resolution",
        "max-resolution",
        "aspect-ratio",
        "min-aspect-ratio",
        "max-aspect-ratio",
    ]
)
_ADDRESS_LIKE = re.compile(r"//|:|@|\\|data|script", re.IGNORECASE)
_LARGEST_Z_INDEX = 1_000
_DARK_SURFACE = 0.45  # lightness up to which a background stays
_LIGHT_WRITING = 0.62  # lightness from which a text or line stays

Resolve = Callable[[str], str | None]


class CssCleaner:
    """Cleans the styles of one message. `resolve` gives our own address for an image or None."""

    def __init__(self, resolve: Resolve, *, dark: bool = False, in_composer: bool = False) -> None:
        self._resolve = resolve
        self._dark = dark
        self._in_composer = in_composer
        self._known: dict[str, str] = {}
        self._rules = 0

    def declarations(self, text: str) -> str:
        """Return the allowed declarations of a style attribute; empty when none is."""
        if len(text) > MAX_STYLE_CHARACTERS:
            return ""
        if text not in self._known:
            parsed = tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True)
            self._known[text] = self._declarations(parsed)
        return self._known[text]

    def sheet(self, text: str) -> str:
        """Return the allowed rules of a style sheet, scoped to the message's root."""
        if len(text) > MAX_SHEET_CHARACTERS:
            return ""
        rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
        return self._rule_list(rules, nested=False).replace("<", "\\3c ")

    def colour(self, text: str, name: str) -> str | None:
        """Return a colour attribute's value, turned for the dark sheet; None when it is none."""
        if not re.match(r"\A(?:#?[0-9a-fA-F]{3,8}|[a-zA-Z]{3,24})\Z", text):
            return None
        if not self._dark:
            return text
        hexadecimal = re.match(r"\A[0-9a-fA-F]{6}\Z", text) is not None
        return _darkened(color3.parse_color(f"#{text}" if hexadecimal else text), name) or text

    # ---- rules

    def _rule_list(self, rules: Iterable[Any], *, nested: bool) -> str:
        out: list[str] = []
        for rule in rules:
            self._rules += 1
            if self._rules > MAX_RULES:
                break
            if rule.type == "qualified-rule":
                out.append(self._style_rule(rule))
            elif rule.type == "at-rule" and not nested and rule.lower_at_keyword == "media":
                out.append(self._media_rule(rule))
        return "".join(out)

    def _style_rule(self, rule: Any) -> str:
        selectors = [s for s in map(_selector, _split(rule.prelude)) if s]
        if not selectors:
            return ""
        body = tinycss2.parse_blocks_contents(
            rule.content, skip_comments=True, skip_whitespace=True
        )
        declarations = self._declarations(body)
        return f"{','.join(selectors)}{{{declarations}}}\n" if declarations else ""

    def _media_rule(self, rule: Any) -> str:
        prelude = _media(rule.prelude)
        if prelude is None or rule.content is None:
            return ""
        rules = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
        inner = self._rule_list(rules, nested=True)
        return f"@media {prelude}{{{inner}}}\n" if inner else ""

    # ---- declarations

    def _declarations(self, parsed: Iterable[Any]) -> str:
        out: list[str] = []
        for item in parsed:
            if item.type != "declaration":
                continue
            name = item.lower_name
            if name not in _EXACT and not _SIDES.match(name):
                continue
            value = self._value(name, item.value)
            if value:
                out.append(f"{name}:{value}{'!important' if item.important else ''}")
        return ";".join(out)

    def _value(self, name: str, tokens: Sequence[Any]) -> str | None:
        if name == "position" and (self._in_composer or _words(tokens) - _POSITIONS):
            return None
        if name == "z-index" and any(
            t.type == "number" and abs(t.value) > _LARGEST_Z_INDEX for t in tokens
        ):
            return None
        written = self._tokens(name, tokens, 0)
        return written.strip() if written is not None else None

    def _tokens(self, name: str, tokens: Iterable[Any], depth: int) -> str | None:
        """Return the value written anew, None when any piece of it is not allowed."""
        if depth > MAX_DEPTH:
            return None
        out: list[str] = []
        for token in tokens:
            piece = self._token(name, token, depth)
            if piece is None:
                return None
            out.append(piece)
        return "".join(out)

    def _token(self, name: str, token: Any, depth: int) -> str | None:
        kind = token.type
        written: str | None = None
        if kind == "whitespace":
            written = " "
        elif kind in ("ident", "hash"):
            written = self._coloured(name, token)
        elif kind in ("number", "percentage", "dimension"):
            written = token.serialize()
        elif kind == "literal" and token.value in (",", "/", "+", "-", "*"):
            written = token.value
        elif kind == "string" and name in _WITH_STRINGS and not _ADDRESS_LIKE.search(token.value):
            written = f"'{_plain(token.value)}'"
        elif kind == "url" or (kind == "function" and token.lower_name == "url"):
            written = self._image(name, token)
        elif kind == "function" and token.lower_name in _FUNCTIONS:
            written = self._function(name, token, depth)
        elif kind == "() block":
            inner = self._tokens(name, token.content, depth + 1)
            written = None if inner is None else f"({inner})"
        return written

    def _function(self, name: str, token: Any, depth: int) -> str | None:
        if self._dark and token.lower_name in _COLOURS:
            turned = _darkened(color3.parse_color(token), name)
            if turned is not None:
                return turned
        inner = self._tokens(name, token.arguments, depth + 1)
        return None if inner is None else f"{token.lower_name}({inner})"

    def _image(self, name: str, token: Any) -> str | None:
        """Return our own address of a background image; a blocked one leaves the rest standing."""
        if name not in _WITH_IMAGES:
            return None
        if token.type == "url":
            url = token.value
        else:
            url = next((t.value for t in token.arguments if t.type == "string"), "")
        ours = self._resolve(url)
        if ours is None:
            return "none" if name == "background-image" else ""
        return f'url("{_address(ours)}")'

    def _coloured(self, name: str, token: Any) -> str:
        turned = _darkened(color3.parse_color(token), name) if self._dark else None
        written: str = turned or token.serialize()
        return written


def _darkened(colour: Any, name: str) -> str | None:
    """Return the colour as the dark sheet shows it; None for none, see-through or current.

    Light surfaces become dark and dark writing light; what fits the dark sheet stays. Lines keep
    their distance to the sheet: faint ones stay faint, dark ones become light.
    """
    if colour is None or isinstance(colour, str) or colour.alpha == 0:
        return None
    hue, lightness, saturation = colorsys.rgb_to_hls(*(min(1.0, max(0.0, c)) for c in colour[:3]))
    is_surface = name.startswith("background") or name == "bgcolor"
    is_faint_line = name.startswith(("border", "outline")) and lightness > _DARK_SURFACE
    if is_faint_line:
        turned = 0.2 + (1.0 - lightness) * 0.5
    elif lightness <= _DARK_SURFACE if is_surface else lightness >= _LIGHT_WRITING:
        return None
    else:
        turned = 0.09 + (1.0 - lightness) * (0.5 if is_surface else 0.84)
    red, green, blue = (round(255 * c) for c in colorsys.hls_to_rgb(hue, turned, saturation * 0.9))
    if colour.alpha < 1:
        return f"rgba({red},{green},{blue},{colour.alpha:.3g})"
    return f"#{red:02x}{green:02x}{blue:02x}"


def _words(tokens: Iterable[Any]) -> set[str]:
    return {t.lower_value if t.type == "ident" else "?" for t in tokens if t.type != "whitespace"}


def _plain(text: str) -> str:
    return re.sub(r"[^\w .,\-]", "", text)[:100]


def _address(url: str) -> str:
    return re.sub(r"[^\w./?&=%~+:;,\-]", "", url)


# ---- selectors and media queries


def _split(prelude: Sequence[Any]) -> list[list[Any]]:
    """Return the selectors of a list, split at its commas."""
    found: list[list[Any]] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            found.append([])
        else:
            found[-1].append(token)
    return found


def _selector(tokens: Sequence[Any]) -> str:
    """Return a selector with prefixed names below the root; empty when a piece is not allowed."""
    out: list[str] = []
    before = ""
    for token in tokens:
        piece = _selector_piece(token, before)
        if piece is None:
            return ""
        before = token.value if token.type == "literal" else ""
        out.append(piece)
    text = "".join(out).strip()
    if not text or before or len(text) > MAX_SELECTOR_CHARACTERS:
        return ""
    return text if text.startswith(_ROOT) else f"{_ROOT} {text}"


def _selector_piece(token: Any, before: str) -> str | None:
    kind = token.type
    if kind == "whitespace":
        return None if before in (".", ":") else " "
    if kind == "literal":
        if before in (".", ":"):
            return None
        return token.value if token.value in (">", "+", "~", "*", ".", ":") else None
    if kind == "hash":
        return f"#{PREFIX}{_name(token.value)}"
    if kind == "ident":
        if before == ".":
            return f"{PREFIX}{_name(token.value)}"
        if before == ":":
            return token.lower_value if token.lower_value in _PSEUDO_CLASSES else None
        return _ROOT if token.lower_value in ("html", "body") else _name(token.value)
    return None


def _name(text: str) -> str:
    return re.sub(r"[^\w\-]", "_", text)


def _media(prelude: Sequence[Any]) -> str | None:
    """Return a simple media query, None when it asks for anything but sizes."""
    out: list[str] = []
    for token in prelude:
        if token.type == "whitespace":
            out.append(" ")
        elif token.type == "ident" and token.lower_value in _MEDIA_WORDS:
            out.append(token.lower_value)
        elif token.type == "literal" and token.value == ",":
            out.append(",")
        elif token.type == "() block":
            inner = _media_feature(token.content)
            if inner is None:
                return None
            out.append(f"({inner})")
        else:
            return None
    return "".join(out).strip() or None


def _media_feature(tokens: Sequence[Any]) -> str | None:
    out: list[str] = []
    for token in tokens:
        if token.type == "whitespace":
            continue
        if token.type == "ident" and token.lower_value in _MEDIA_FEATURES:
            out.append(token.lower_value)
        elif token.type in ("number", "dimension"):
            out.append(token.serialize())
        elif token.type == "literal" and token.value in (":", "/"):
            out.append(token.value)
        else:
            return None
    return "".join(out)
