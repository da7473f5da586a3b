"""Badges of jobs, results of rows, and the cells of an import's preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.translation import gettext as _

from domains.columns import LABELS, Column
from domains.models import JobState, RowState
from portal.templatetags.ui import badge, icon

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from domains.models import Job, JobRow

register = template.Library()

_JOB_TONES = {
    JobState.DRAFT: ("warning", "question"),
    JobState.CHECKING: ("info", "refresh"),
    JobState.READY: ("warning", "clock"),
    JobState.RUNNING: ("info", "refresh"),
    JobState.DONE: ("success", "check-circle"),
    JobState.CANCELLED: ("neutral", "pause"),
    JobState.FAILED: ("danger", "x-circle"),
}
_ROW_TONES = {
    RowState.READY: ("success", "check-circle"),
    RowState.WARNING: ("warning", "warning"),
    RowState.WRONG: ("danger", "x-circle"),
    RowState.SKIPPED: ("neutral", "info"),
    RowState.DONE: ("success", "check-circle"),
    RowState.REFUSED: ("danger", "x-circle"),
}
_SHOWN = 60


@register.simple_tag
def job_badge(job: Job) -> SafeString:
    """Return the state of a job as a badge."""
    tone, name = _JOB_TONES[JobState(job.state)]
    return badge(tone, str(JobState(job.state).label), name)


@register.simple_tag
def row_result(row: JobRow) -> SafeString:
    """Return what was said about a row, or its state when nothing was."""
    state = RowState(row.state)
    tone, name = _ROW_TONES[state]
    words = row.message or str(state.label)
    return format_html(
        '<span class="row-message tone-{}">{}<span>{}</span></span>',
        tone,
        icon(name, "icon--sm"),
        words,
    )


@register.simple_tag
def column_label(column: Column) -> str:
    """Return the heading of a column."""
    return str(LABELS[column])


@register.simple_tag
def import_cell(row: JobRow, column: str, may_act: bool) -> SafeString | str:  # noqa: FBT001 - a template passes it
    """Return a cell of the preview: text, or an input where the check found a mistake."""
    column = Column(column)
    text = row.values.get(column, "")
    if column == Column.PASSWORD:
        return _("known hash") if row.found.get("password") else ("?" if text else "–")
    wrong = column in row.found.get("marked", ()) and row.state == RowState.WRONG
    if wrong and may_act:
        return format_html(
            '<input class="input input--sm" form="mend" name="{}:{}" value="{}" maxlength="1000" '
            'aria-invalid="true" aria-label="{}" aria-describedby="row-{}">',
            row.pk,
            column.value,
            text,
            _("%(column)s in line %(n)d") % {"column": LABELS[column], "n": row.number},
            row.pk,
        )
    if not text:
        return "–"
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    css = "mono" if column in {Column.ADDRESS, Column.TARGETS, Column.ALIASES} else ""
    return format_html('<span class="{}" dir="auto">{}</span>', css, shown)
