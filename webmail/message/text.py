"""Plain text as safe HTML: links found, quotes set apart and folded, the signature toned down."""

from __future__ import annotations

import re
from dataclasses import dataclass

from webmail.message.flowed import from_flowed
from webmail.message.markup import CleanMarkup, escaped

MAX_CHARACTERS = 400_000
MAX_QUOTE_DEPTH = 5

_LINK = re.compile(
    r"\b(?P<url>https?://[^\s<>\"'`{}|\\^]{1,2000})|\b(?P<www>www\.[\w-]{1,63}\.[^\s<>\"'`{}|\\^]{2,500})"
    r"|(?P<mail>[\w.+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24})\b",
    re.IGNORECASE,
)
_TRAILING = re.compile(r"[.,;:!?'\"\]»”’…]+\Z")
_QUOTED = re.compile(r"\A(?:> ?)+|\A>+")
_BLANK = re.compile(r"\n[ \t\u00a0]*\n\s*")
_WROTE = r"(?:wrote|đã viết|viết|a écrit|schrieb|escribió|schreef|escreveu)\s*:\s*\Z"
_ATTRIBUTION = re.compile(
    r"\A\W{0,5}(?:On|Vào|Ngày|Le|Am|El|Op|Em|Lúc)\b.{3,250}" + _WROTE, re.IGNORECASE | re.DOTALL
)
_SOMEBODY_WROTE = re.compile(r"\A.{3,250}" + _WROTE, re.IGNORECASE)
_ORIGINAL = re.compile(
    r"\A\s*-{2,}\s*(?:Original Message|Forwarded message|Thư gốc|Thư gốc đã chuyển tiếp|Tin nhắn gốc)\s*-{2,}\s*\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TextHtml:
    """A plain text made ready. `quoted` is the tail that repeats earlier mail; may be empty."""

    shown: CleanMarkup
    quoted: CleanMarkup
    is_cut: bool  # longer than what is shown


def text_to_html(text: str, *, flowed: bool = False, delete_space: bool = False) -> TextHtml:
    """Return plain text as paragraphs, block quotes and links. Escapes first, then marks up."""
    is_cut = len(text) > MAX_CHARACTERS
    text = text[:MAX_CHARACTERS]
    if flowed:
        text = from_flowed(_without_soft_blanks(text) if delete_space else text)
    lines = text.expandtabs(8).split("\n")
    fold = _fold_at(lines)
    return TextHtml(_blocks(lines[:fold]), _blocks(lines[fold:]), is_cut)


def linked(text: str) -> str:
    """Return `text` escaped, its web and mail addresses as links. Used on one run of text."""
    out: list[str] = []
    position = 0
    for found in _LINK.finditer(text):
        word = _balanced(_TRAILING.sub("", found[0]))
        if len(word) < 5:
            continue
        target = word if found["url"] else f"https://{word}" if found["www"] else f"mailto:{word}"
        out.append(escaped(text[position : found.start()]))
        out.append(
            f'<a href="{escaped(target)}" target="_blank" rel="noopener noreferrer nofollow">'
            f"{escaped(word)}</a>"
        )
        position = found.start() + len(word)
    out.append(escaped(text[position:]))
    return "".join(out)


def _balanced(word: str) -> str:
    """Take off a closing parenthesis that the address did not open."""
    while word.endswith(")") and word.count(")") > word.count("("):
        word = _TRAILING.sub("", word[:-1])
    return word


def _without_soft_blanks(text: str) -> str:
    """Apply delsp=yes (RFC 3676 section 4.2): the blank of a soft break is not part of the text."""
    lines = text.split("\n")
    for index, line in enumerate(lines[:-1]):
        if line.endswith(" ") and line != "-- " and not line.startswith(">"):
            lines[index + 1] = line[:-1] + lines[index + 1].removeprefix(" ")
            lines[index] = "\0"
    return "\n".join(line for line in lines if line != "\0")


def _fold_at(lines: list[str]) -> int:
    """Return the line from which on only earlier mail is repeated; the length when none is.

    Quotes with an answer below them stay open: they are what is being answered.
    """
    end = len(lines)
    for index, line in enumerate(lines):
        if _ORIGINAL.match(line) and index:
            return index
    last = end - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    if last < 0 or not lines[last].startswith(">"):
        return end
    first = last
    while first > 0 and (lines[first - 1].startswith(">") or not lines[first - 1].strip()):
        first -= 1
    while first < last and not lines[first].strip():
        first += 1
    start = _attribution(lines, first)
    return start if any(line.strip() for line in lines[:start]) else end


def _attribution(lines: list[str], first: int) -> int:
    """Return where the words "on …, X wrote:" above line `first` begin; `first` without any."""
    above = first - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    for start in range(above, max(-1, above - 3), -1):
        if _ATTRIBUTION.match("\n".join(lines[start : above + 1])):
            return start
    return above if above >= 0 and _SOMEBODY_WROTE.match(lines[above]) else first


def _blocks(lines: list[str]) -> CleanMarkup:
    """Return the lines as paragraphs, those with > as nested block quotes."""
    out: list[str] = []
    run: list[str] = []
    depth = 0
    for line in [*lines, None]:
        level, content = _level(line) if line is not None else (-1, "")
        if level != depth or line is None:
            out.append(_paragraphs("\n".join(run), in_quote=depth > 0))
            run = []
            if level > depth:
                out.append('<blockquote class="quote">' * (level - depth))
            else:
                out.append("</blockquote>" * (depth - max(level, 0)))
            depth = level
        run.append(content)
    return CleanMarkup("".join(out))


def _level(line: str) -> tuple[int, str]:
    marks = _QUOTED.match(line)
    if not marks:
        return 0, line
    return min(marks[0].count(">"), MAX_QUOTE_DEPTH), line[marks.end() :]


def _paragraphs(text: str, *, in_quote: bool) -> str:
    body, signature = text, ""
    if not in_quote:
        head, mark, tail = ("\n" + text).rpartition("\n-- \n")
        if mark and tail.count("\n") < 12:
            body, signature = head, tail
    out = [f"<p>{linked(p)}</p>" for p in _BLANK.split(body.strip("\n")) if p.strip()]
    if signature.strip():
        out.append(f'<p class="signature">{linked(signature.strip())}</p>')
    return "".join(out)
