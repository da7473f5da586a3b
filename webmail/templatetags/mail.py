"""The rows of a message list, written in one go: fifty of them are the hottest page there is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django import template
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal.templatetags.ui import avatar, icon
from webmail.message.markup import CleanMarkup, escaped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from webmail.selectors.listing import ListRow

register = template.Library()

_ROW = (
    '<li class="message-row{states}" data-uid="{uid}" data-key="{key}"{flags}>'
    '<span class="message-row__pick">{avatar}<input class="checkbox" type="checkbox" name="uid"'
    ' value="{uid}" aria-label="{choose}: {subject}"></span>'
    '<div class="message-row__line"><span class="message-row__from" dir="auto">{unread}{to}{sender}'
    "</span>{time}</div>"
    '<div class="message-row__line"><a class="message-row__subject message-row__open" dir="auto"'
    ' href="{url}"{current}>{subject_marked}</a>{marks}</div>'
    '<div class="message-row__line message-row__line--preview">{place}'
    '<span class="message-row__preview" dir="auto">{draft}{preview}</span></div></li>'
)


@register.simple_tag
def message_rows(rows: Sequence[ListRow], open_uid: int | str = 0) -> CleanMarkup:
    """Return the rows in their day groups; `open_uid` is the message shown beside them, 0 none."""
    words = _Words()
    zone = timezone.get_current_timezone()
    today = timezone.localdate()
    out: list[str] = []
    for index, row in enumerate(rows):
        if row.day:
            out.append("</ol>" if index else "")
            out.append(f'<h2 class="message-list__day">{escaped(row.day)}</h2>')
        if row.day or not index:
            out.append('<ol class="message-list">')
        out.append(_row(row, words, row.received_at.astimezone(zone), today, row.uid == open_uid))
    out.append("</ol>" if rows else "")
    return CleanMarkup("".join(out))


class _Words:
    """What is the same in all rows of a page."""

    def __init__(self) -> None:
        self.choose = escaped(_("Choose"))
        self.unread = _span("visually-hidden", _("Unread."))
        self.draft = _span("draft", _("Draft"))
        self.to = _span("muted", _("To:"))
        self.language = get_language() or "en"
        self.file = _mark("clip", "", _("Has an attachment"))
        self.star = _mark("star", "icon--solid", _("Starred"))
        self.replied = _mark("reply", "icon--flip", _("Replied"))
        self.forwarded = _mark("forward", "icon--flip", _("Forwarded"))


def _row(row: ListRow, words: _Words, local: datetime, today: date, is_open: bool) -> str:  # noqa: FBT001  # private and hot
    marks = "".join(
        mark
        for mark, holds in (
            (words.file, row.has_attachment),
            (words.star, row.is_starred),
            (words.replied, row.is_answered),
            (words.forwarded, row.is_forwarded),
        )
        if holds
    )
    states = (" is-unread" if row.is_unread else "") + (" is-open" if is_open else "")
    return _ROW.format(
        states=states,
        uid=row.uid,
        key=escaped(row.key),
        flags=(" data-starred" if row.is_starred else "") + (" data-draft" if row.is_draft else ""),
        avatar=_avatar(row.sender[:120]),
        choose=words.choose,
        subject=escaped(row.subject),
        unread=words.unread if row.is_unread else "",
        to=words.to if row.is_outgoing else "",
        sender=_pieces(row.sender_pieces) if row.sender_pieces else escaped(row.sender),
        time=_time(local, today, words.language),
        url=escaped(row.url),
        current=' aria-current="true"' if is_open else "",
        subject_marked=_pieces(row.subject_pieces) if row.subject_pieces else escaped(row.subject),
        marks=f'<span class="message-row__marks">{marks}</span>' if marks else "",
        place=f'<span class="label">{escaped(row.place)}</span>' if row.place else "",
        draft=words.draft if row.is_draft else "",
        preview=_pieces(row.preview_pieces) if row.preview_pieces else escaped(row.preview),
    )


def _pieces(pieces: Sequence[tuple[str, bool]]) -> str:
    return "".join(
        f"<mark>{escaped(text)}</mark>" if is_hit else escaped(text) for text, is_hit in pieces
    )


def _span(css: str, word: str) -> str:
    # The catalogue's extractor does not look inside f-strings: the words are given from outside.
    return f'<span class="{css}">{escaped(word)}</span> '


def _mark(name: str, css: str, title: str) -> str:
    return f'{icon(name, css)}<span class="visually-hidden">{escaped(title)}</span>'


@lru_cache(maxsize=4096)
def _avatar(name: str) -> str:
    return str(avatar(name))


def _time(local: datetime, today: date, language: str) -> str:
    """Return 14:05 today, the weekday within a week, else the date; the full time as title."""
    clock = f"{local.hour:02d}:{local.minute:02d}"
    short, long = _day(local.date(), today, language)
    return (
        f'<time class="message-row__time" datetime="{local.isoformat(timespec="seconds")}"'
        f' title="{long}, {clock}">{short or clock}</time>'
    )


@lru_cache(maxsize=2048)
def _day(day: date, today: date, language: str) -> tuple[str, str]:  # noqa: ARG001  # part of the key
    """Return a day short (empty for today) and in full."""
    age = (today - day).days
    if age == 0:
        short = ""
    elif 0 < age < 7:
        short = date_format(day, "D")
    elif day.year == today.year:
        short = date_format(day, _("j M"))
    else:
        short = date_format(day, _("j M Y"))
    return escaped(short), escaped(date_format(day, _("l j F Y")))


@register.simple_tag
def fixed_piece(template_name: str) -> CleanMarkup:
    """Return a template that says the same on every page of one language; rendered once."""
    return _fixed(template_name, get_language() or "en")


@lru_cache(maxsize=64)
def _fixed(template_name: str, language: str) -> CleanMarkup:  # noqa: ARG001  # part of the key
    return CleanMarkup(render_to_string(template_name))
