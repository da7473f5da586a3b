"""Small pieces of every page: icons, avatars, badges, meters, copy fields, times and sizes."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from datetime import datetime

    from django.forms import BoundField

    from portal.sorting import Sorting

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, css: str = "") -> SafeString:
    """Return the icon `name` of static/icons.svg; `css` adds classes (icon--sm, icon--flip)."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#i-{}"></use></svg>',
        css,
        static("icons.svg"),
        name,
    )


@register.simple_tag
def avatar(name: str, css: str = "") -> SafeString:
    """Return the round initials of a person or company; the hue is stable for a name.

    An address gives those of its local part. Words in brackets, "(no recipient)", name nobody
    and have none.
    """
    hue = int(hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(), 16) % 8
    words = [w for w in re.sub(r"\A\(.*|@\S+\Z|[^\w\s]", " ", name).split() if w]
    letters = (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"
    return format_html(
        '<span class="avatar {} hue-{}" aria-hidden="true">{}</span>', css, hue, letters
    )


@register.simple_tag
def badge(tone: str, text: str, icon_name: str = "", css: str = "") -> SafeString:
    """Return a state badge; tone is success, warning, danger, info or neutral."""
    return format_html(
        '<span class="badge tone-{} {}">{}{}</span>',
        tone,
        css,
        icon(icon_name) if icon_name else "",
        text,
    )


@register.simple_tag
def icon_button(name: str, label: str, css: str = "") -> SafeString:
    """Return a plain button with an icon and a hidden label."""
    return format_html(
        '<button class="icon-button {}" type="button" title="{}">{}'
        '<span class="visually-hidden">{}</span></button>',
        css,
        label,
        icon(name),
        label,
    )


@register.simple_tag
def copy_field(
    text: str, label: str, *, block: bool = False, shown: str | SafeString = ""
) -> SafeString:
    """Return a value with a copy button (static/js/copy.js); `shown`: the same text, marked up."""
    return format_html(
        '<div class="copy-field {}"><code>{}</code>'
        '<button class="icon-button icon-button--sm" type="button" title="{}" data-copy="{}">{}'
        '<span class="visually-hidden">{}</span></button></div>',
        "copy-field--block" if block else "",
        shown or text,
        label,
        text,
        icon("copy", "icon--sm"),
        label,
    )


@register.simple_tag
def meter(used: int, limit: int, used_text: str = "", limit_text: str = "") -> SafeString:
    """Return a bar of `used` against `limit` in the same unit; limit 0 draws an empty bar."""
    percent = min(100, round(used * 100 / limit)) if limit else 0
    tone = "tone-danger" if percent >= 95 else "tone-warning" if percent >= 80 else ""
    return format_html(
        '<div class="meter {}"><div class="meter__text"><b>{}</b><span>{}</span></div>'
        '<svg class="meter__bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="meter__fill" width="{}" height="6"></rect></svg></div>',
        tone,
        used_text,
        limit_text,
        percent,
    )


@register.simple_tag
def sort_head(sorting: Sorting, key: str, label: str, css: str = "") -> SafeString:
    """Return the `<th>` of a sortable column (portal.sorting)."""
    arrow = ""
    if sorting.key == key:
        arrow = icon("chevron-down" if sorting.descending else "chevron-up")
    return format_html(
        '<th scope="col" class="{}" aria-sort="{}"><a class="table__sort" href="{}">{} {}</a></th>',
        css,
        sorting.aria(key),
        sorting.link(key),
        label,
        arrow,
    )


@register.filter
def number(value: int | None) -> str:
    """Return a whole number grouped as the language does: 15,000; 15.000."""
    return "" if value is None else number_format(value, use_l10n=True, force_grouping=True)


@register.filter
def day(value: datetime | None) -> str:
    """Return the date in full, in the zone that is active: 1 December 2026."""
    return "" if value is None else date_format(timezone.localtime(value), _("j F Y"))


@register.filter
def moment_in_full(value: datetime | None) -> str:
    """Return weekday, date and time, in the zone that is active: Tuesday 1 December 2026, 16:26."""
    return "" if value is None else date_format(timezone.localtime(value), _("l j F Y, H:i"))


@register.filter
def moment(value: datetime | None) -> str:
    """Return date and time in full, in the zone that is active: 1 December 2026, 16:26."""
    return "" if value is None else date_format(timezone.localtime(value), _("j F Y, H:i"))


_WIDGET_CSS = {
    "checkbox": "checkbox",
    "radio": "radio",
    "select": "select",
    "textarea": "textarea",
    "file": "",
    "hidden": "",
}


@register.filter
def styled(field: BoundField) -> SafeString:
    """Return the field's widget with the class its kind has in components.css, kept if it has one."""
    widget = field.field.widget
    if widget.attrs.get("class"):
        return field.as_widget()
    kind = getattr(widget, "input_type", "") or type(widget).__name__.lower()
    return field.as_widget(attrs={"class": _WIDGET_CSS.get(kind, "input")})


@register.filter
def widget_kind(field: BoundField) -> str:
    """Return checkbox, radio, select, textarea, text, password …: how the field must be laid out."""
    widget = field.field.widget
    if getattr(widget, "allow_multiple_selected", False) and hasattr(
        widget, "option_template_name"
    ):
        return "choices" if getattr(widget, "input_type", "") == "checkbox" else "select"
    return getattr(widget, "input_type", "") or type(widget).__name__.lower()


@register.filter
def filesize(size: int | None) -> str:
    """Return bytes as a person reads them, in the language's number format: 1.4 MB; 1,4 MB."""
    value = float(size or 0)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5 or unit == "TB":
            digits = 0 if unit == "B" or value >= 100 else 1
            text = number_format(round(value, digits), digits, use_l10n=True)
            return f"{text.removesuffix('.0').removesuffix(',0')} {unit}"
        value /= 1000
    return ""


@register.simple_tag(takes_context=True)
def when(context: dict[str, Any], moment: datetime | None, css: str = "") -> SafeString | str:
    """Return a `<time>`: 14:05 today, weekday this week, then the date; in the person's zone."""
    if moment is None:
        return ""
    zone = context.get("display_zone") or ZoneInfo(settings.DISPLAY_TIME_ZONE)
    local = moment.astimezone(zone)
    now = timezone.now().astimezone(zone)
    if local.date() == now.date():
        text = date_format(local, "H:i")
    elif 0 < (now.date() - local.date()).days < 7:
        text = date_format(local, "D H:i")
    elif local.year == now.year:
        text = date_format(local, _("j M"))
    else:
        text = date_format(local, _("j M Y"))
    return format_html(
        '<time class="{}" datetime="{}" title="{}">{}</time>',
        css,
        local.isoformat(timespec="seconds"),
        date_format(local, _("l j F Y, H:i")),
        text,
    )
