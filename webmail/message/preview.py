"""The one line of text that a list shows of a message."""

from __future__ import annotations

import re

from webmail.message.address import one_line

MAX_CHARACTERS = 200

# What newsletters put behind their preview: soft hyphens, marks without width, blank letters.
# Joiners inside words and emoji stay.
_FILLER = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2064\u2800\u3164]+"
    "|(?<![^\\s\u200c\u200d])[\u200c\u200d]+|[\u200c\u200d]+(?=\\s|\\Z)"
)
_QUOTE_MARKS = re.compile(r"(?:^|\s)(?:>\s?)+")
_RULES = re.compile(r"[-_=*~#]{4,}")


def clean_preview(raw: bytes | str) -> str:
    """Return the server's snippet on one line, fillers, quote marks and rules taken out."""
    text = raw if isinstance(raw, str) else raw.decode("utf-8", "replace")
    text = _FILLER.sub("", text.replace("\ufffc", " "))
    return one_line(_QUOTE_MARKS.sub(" ", _RULES.sub(" ", text)))[:MAX_CHARACTERS]
