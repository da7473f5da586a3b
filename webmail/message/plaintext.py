"""Turns washed HTML of a letter into its plain twin: paragraphs, lists, quotes, links."""

from __future__ import annotations

import re
from html.parser import HTMLParser

MAX_CHARACTERS = 400_000
_BLOCKS = frozenset(
    ["address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tr", "ul"]
)  # fmt: skip
_APART = frozenset(["p", "blockquote", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table"])  # fmt: skip
_SILENT = frozenset(["style", "script", "title", "head", "template"])
_SPACE = re.compile(r"[ \t\r\n\f]+")


def to_plain(html: str) -> str:
    """Return the text of `html`: `> ` before quotes, `- ` before points, addresses after links."""
    reader = _Reader()
    reader.feed(html[:MAX_CHARACTERS])
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = []
        self._line = ""
        self._has_break = True  # the current line is new
        self._depth = 0
        self._pre = 0
        self._silent = 0
        self._lists: list[int | None] = []  # next number; None: points
        self._links: list[tuple[str, int, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self._end_line()
        elif tag == "img":
            self._add(dict(attrs).get("alt") or "")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._lines), len(self._line)))
        elif tag in ("td", "th"):
            self._line = f"{self._line.rstrip()}  " if self._line.strip() else self._line
        elif tag in _BLOCKS:
            self._start_block(tag)

    def _start_block(self, tag: str) -> None:
        self._end_block(apart=tag in _APART and not self._lists)
        if tag == "blockquote":
            self._depth += 1
        elif tag == "pre":
            self._pre += 1
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "hr":
            self._line = "-----"
            self._end_line()
        elif tag == "li":
            number = self._lists[-1] if self._lists else None
            self._line = "  " * (len(self._lists) - 1) + (f"{number}. " if number else "- ")
            if number:
                self._lists[-1] = number + 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
        elif tag in _BLOCKS:
            self._end_block(apart=tag in _APART and len(self._lists) <= 1)
            if tag == "blockquote":
                self._depth = max(0, self._depth - 1)
            elif tag == "pre":
                self._pre = max(0, self._pre - 1)
            elif tag in ("ul", "ol") and self._lists:
                self._lists.pop()

    def _end_link(self, href: str, line: int, start: int) -> None:
        """Say where a link leads when its words do not."""
        said = self._line[start:] if line == len(self._lines) else ""
        target = href.removeprefix("mailto:")
        if href.startswith(("http://", "https://", "mailto:")) and said.strip() not in (
            href,
            target,
            href.rstrip("/"),
            href.partition("//")[2].rstrip("/"),
        ):
            self._add(f" <{target}>")

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if not self._pre:
            self._add(_SPACE.sub(" ", data))
            return
        first, *rest = data.replace("\r\n", "\n").split("\n")
        self._line += first
        for line in rest:
            self._end_line()
            self._line = line

    def _add(self, text: str) -> None:
        if not self._line or self._line.endswith(" "):
            text = text.lstrip(" ")
        self._line += text

    def _end_line(self) -> None:
        line = self._line.replace("\xa0", " ").rstrip()
        self._lines.append((">" * self._depth + " " + line).rstrip() if self._depth else line)
        self._line = ""

    def _end_block(self, *, apart: bool) -> None:
        if self._line.strip():
            self._end_line()
        self._line = ""
        blank = ">" * self._depth
        if apart and self._lines and self._lines[-1].strip("> "):
            self._lines.append(blank)

    def text(self) -> str:
        self._end_block(apart=False)
        while self._lines and not self._lines[-1].strip("> "):
            self._lines.pop()
        return "\n".join(self._lines)
