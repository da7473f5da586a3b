"""Plain text that flows with the window (RFC 3676), and back."""

from __future__ import annotations

import re

WIDTH = 72
_BREAKS = re.compile(r"\r\n|\r|\u2028|\u2029|\x0b|\x0c|\x85")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_QUOTE = re.compile(r"(>+)( ?)")


def clean_text(text: str) -> str:
    """Return `text` with LF line ends only and without controls and lone surrogates."""
    cleaned = _CONTROL.sub("", _BREAKS.sub("\n", text))
    return cleaned.encode("utf-8", "replace").decode()


def to_flowed(text: str) -> str:
    """Return `text` (LF lines) with long lines broken softly: a line that ends in a blank goes on.

    Quoted lines keep their depth; the signature's "-- " keeps its blank.
    """
    return "\n".join(_flow(line) for line in clean_text(text).split("\n"))


def from_flowed(text: str) -> str:
    """Return what was typed from what `to_flowed` made (`delsp=no`)."""
    lines: list[str] = []
    open_depth: int | None = None
    for line in text.replace("\r\n", "\n").split("\n"):
        depth, content = _depth(line)
        content = content.removeprefix(" ")
        is_flowed = content.endswith(" ") and content != "-- "
        if open_depth == depth and content != "-- ":
            lines[-1] += content
        else:
            lines.append(">" * depth + (" " if depth and content else "") + content)
        open_depth = depth if is_flowed else None
    return "\n".join(line if line.endswith("-- ") else line.rstrip(" ") for line in lines)


def _flow(line: str) -> str:
    depth, content = _depth(line)
    if depth:
        content = content.removeprefix(" ")
    prefix = ">" * depth + (" " if depth else "")
    if content == "-- ":
        return prefix + content
    content = content.rstrip(" ")
    pieces = _broken(content, WIDTH - len(prefix))
    return "\n".join(prefix + _stuffed(piece, quoted=bool(depth)) for piece in pieces)


def _depth(line: str) -> tuple[int, str]:
    match = _QUOTE.match(line)
    return (len(match[1]), line[len(match[1]) :]) if match else (0, line)


def _stuffed(piece: str, *, quoted: bool) -> str:
    """A line that would read as a quote, a From line or stuffing gets one blank in front."""
    if not quoted and piece.startswith((" ", ">", "From ")):
        return f" {piece}"
    return piece


def _broken(content: str, width: int) -> list[str]:
    """Break at blanks; each piece but the last keeps its blank. Long words stay whole."""
    pieces: list[str] = []
    while len(content) > width:
        cut = content.rfind(" ", 0, width) + 1 or content.find(" ", width) + 1
        if cut == 0 or cut >= len(content):
            break
        pieces.append(content[:cut])
        content = content[cut:]
    pieces.append(content)
    return pieces
