"""The search box: words and conditions in English or Vietnamese, and marking what was found."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

MAX_CHARACTERS = 500
MAX_WORDS = 12
BEGINNING = 5  # letters from which a word may stand for longer ones that begin with it

_TOKEN = re.compile(r'(?:(?P<key>[^\W\d_][\w-]*):)?(?:"(?P<quoted>[^"]*)"?|(?P<plain>[^\s"]+))')
_WORD = re.compile(r"[^\W_]+")
_SIZE = re.compile(r"\A(\d{1,9})\s*([kmg]?)b?\Z", re.IGNORECASE)
_DAY_FIRST = re.compile(r"\A(\d{1,2})[/.](\d{1,2})[/.](\d{4})\Z")
_YEAR_FIRST = re.compile(r"\A(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?\Z")
_KEYS = {
    "from": "from", "tu": "from",
    "to": "to", "den": "to",
    "subject": "subject", "tieu-de": "subject",
    "has": "has", "co": "has",
    "is": "is", "la": "is",
    "before": "before", "truoc": "before",
    "after": "after", "since": "after", "sau": "after",
    "larger": "larger", "lon-hon": "larger",
    "smaller": "smaller", "nho-hon": "smaller",
    "in": "in", "trong": "in",
}  # fmt: skip
_FILE_WORDS = frozenset(("attachment", "file", "tep", "tep-dinh-kem", "dinh-kem"))
_STATES = {
    "unread": "unread", "chua-doc": "unread", "unseen": "unread",
    "read": "read", "da-doc": "read",
    "starred": "starred", "flagged": "starred", "sao": "starred", "co-sao": "starred",
    "answered": "answered", "replied": "answered", "da-tra-loi": "answered",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as typed: `key:value`, to show and to take away again."""

    key: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for; all of it must hold. `folder` is as typed, `in:anywhere` included."""

    text: str
    words: tuple[str, ...] = ()
    from_words: tuple[str, ...] = ()
    to_words: tuple[str, ...] = ()
    subject_words: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    has_attachment: bool = False
    before: date | None = None
    after: date | None = None
    larger_bytes: int = 0  # 0: any
    smaller_bytes: int = 0  # 0: any
    folder: str = ""
    conditions: tuple[Condition, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it would find everything."""
        return self == replace(Query(self.text), conditions=self.conditions, folder=self.folder)

    @property
    def marked_words(self) -> tuple[str, ...]:
        """The words to mark in subjects, senders and previews."""
        return (*self.words, *self.from_words, *self.to_words, *self.subject_words)

    def without(self, condition: Condition) -> str:
        """Return the text without one condition."""
        return " ".join(self.text.replace(condition.text, " ", 1).split())


def parse_query(text: str) -> Query:
    """Return what was typed. Unknown conditions are words; never raises."""
    text = unicodedata.normalize("NFC", text[:MAX_CHARACTERS]).strip()
    query = Query(text)
    for token in _TOKEN.finditer(text):
        value = token["quoted"] if token["quoted"] is not None else token["plain"]
        key = _KEYS.get(fold(token["key"]), "") if token["key"] else ""
        narrowed = _narrowed(query, key, value) if key else None
        if narrowed is None:
            query = replace(query, words=_words(query.words, token[0]))
        else:
            condition = Condition(key, value, token[0])
            query = replace(narrowed, conditions=(*narrowed.conditions, condition))
    return query


def fold(text: str) -> str:
    """Return `text` as people compare it: lower case, no accents, đ as d."""
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def spellings(word: str) -> tuple[str, ...]:
    """Return a word as typed, and with d for đ or the other way: indexes keep them apart.

    In Vietnamese the letter only begins syllables.
    """
    if word[:1] in ("d", "D"):
        return (word, "đ" + word[1:])
    if word[:1] in ("đ", "Đ"):
        return (word, "d" + word[1:])
    return (word,)


def marked(text: str, words: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Return `text` in pieces, True for the words looked for.

    Beginnings of longer words count from BEGINNING letters on: Vietnamese writes syllables apart,
    and whoever looks for "đơn" does not mean "động" or "dòng".
    """
    wanted = [w for w in (fold(word) for word in words) if w]
    if not wanted or not text:
        return [(text, False)]
    pieces: list[tuple[str, bool]] = []
    position = 0
    for found in _WORD.finditer(unicodedata.normalize("NFC", text)):
        folded = fold(found[0])
        hit = max((len(w) for w in wanted if _hits(folded, w)), default=0)
        if hit:
            pieces += [(text[position : found.start()], False), (found[0][:hit], True)]
            position = found.start() + hit
    pieces.append((text[position:], False))
    return [piece for piece in pieces if piece[0]]


def _hits(word: str, wanted: str) -> bool:
    return word == wanted or (len(wanted) >= BEGINNING and word.startswith(wanted))


def _words(have: tuple[str, ...], text: str) -> tuple[str, ...]:
    return (*have, *_WORD.findall(text))[:MAX_WORDS]


def _narrowed(query: Query, key: str, value: str) -> Query | None:
    """Return the query with one condition more, None when the value makes no sense."""
    if key in ("from", "to", "subject"):
        field = f"{key}_words"
        changed: dict[str, Any] = {field: _words(getattr(query, field), value)}
        return replace(query, **changed) if _WORD.search(value) else None
    if key in ("before", "after"):
        day = _day(value)
        bound: dict[str, Any] = {key: day}
        return replace(query, **bound) if day else None
    if key in ("larger", "smaller"):
        size = _size(value)
        limit: dict[str, Any] = {f"{key}_bytes": size}
        return replace(query, **limit) if size else None
    if key == "in":
        return replace(query, folder=value) if value else None
    folded = fold(value).replace(" ", "-")
    if folded in _FILE_WORDS:
        return replace(query, has_attachment=True)
    if folded in _STATES:
        return replace(query, states=(*query.states, _STATES[folded]))
    return None


def _day(text: str) -> date | None:
    day_first, year_first = _DAY_FIRST.match(text), _YEAR_FIRST.match(text)
    try:
        if day_first:
            return date(int(day_first[3]), int(day_first[2]), int(day_first[1]))
        if year_first:
            return date(int(year_first[1]), int(year_first[2] or 1), int(year_first[3] or 1))
    except ValueError:
        return None
    return None


def _size(text: str) -> int:
    match = _SIZE.match(text.strip())
    return (
        int(match[1]) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[match[2].lower()]
        if match
        else 0
    )
