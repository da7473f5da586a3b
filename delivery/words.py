"""Says in words where a message and each of its recipients stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from delivery.models import Outcome, OutcomeState, Submission, SubmissionState
from delivery.replies import OVER_LIMIT, explain
from portal.templatetags.ui import moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

UNDO_SHOWN = timedelta(minutes=2)  # held longer than this means scheduled
_LOCAL = ("lmtp", "[127.0.0.1]", "private/")


@dataclass(frozen=True, slots=True)
class RecipientLine:
    """One recipient. `server_words` is what a server said, word for word; may be empty."""

    email: str
    tone: str
    icon: str
    words: str
    server_words: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A message as a list shows it. `seconds_left` counts down to leaving; 0 when it does not."""

    submission: Submission
    tone: str
    icon: str
    label: str
    words: str
    server_words: str
    recipients: list[RecipientLine]
    is_undoable: bool
    is_scheduled: bool
    seconds_left: int

    @property
    def is_waiting(self) -> bool:
        """Whether it can still be stopped or brought forward."""
        return self.submission.state in (SubmissionState.HELD, SubmissionState.QUEUED)

    @property
    def shows_recipients(self) -> bool:
        """Whether the recipients stand differently, or one of them has something to tell."""
        told = [line for line in self.recipients if line.tone in ("warning", "danger")]
        return bool(told) or len({line.words for line in self.recipients}) > 1

    @property
    def first_emails(self) -> str:
        """The first recipients, for a line of text."""
        return ", ".join(line.email for line in self.recipients[:3])

    @property
    def more_count(self) -> int:
        """How many recipients that line leaves out."""
        return max(0, len(self.recipients) - 3)


def standing(submission: Submission) -> Standing:
    """Return where the message stands. Reads the prefetched outcomes."""
    now = timezone.now()
    outcomes = list(submission.outcomes.all())
    tone, icon, label = _badge(submission, outcomes, now)
    is_held = submission.state == SubmissionState.HELD
    left = submission.due_at - now
    is_scheduled = is_held and left > UNDO_SHOWN
    return Standing(
        submission=submission,
        tone=tone,
        icon=icon,
        label=label,
        words=_words(submission),
        server_words=_server_words(submission.reply_code, "", submission.reply_text)
        if submission.state in (SubmissionState.QUEUED, SubmissionState.FAILED)
        else "",
        recipients=[recipient_line(outcome) for outcome in outcomes],
        is_undoable=is_held and not is_scheduled,
        is_scheduled=is_scheduled,
        seconds_left=max(0, int(left.total_seconds() + 0.999)) if is_held else 0,
    )


def _badge(
    submission: Submission, outcomes: Sequence[Outcome], now: datetime
) -> tuple[str, str, str]:
    state = submission.state
    if state == SubmissionState.SENT:
        return _sent_badge(outcomes)
    if state == SubmissionState.HELD and submission.due_at - now > UNDO_SHOWN:
        return "info", "calendar", _("Scheduled")
    if _is_over_limit(submission):
        return "warning", "clock", _("Waits for the sending limit")
    if state == SubmissionState.QUEUED and submission.attempts:
        return "warning", "clock", _("Waiting for the next try")
    return {
        SubmissionState.HELD: ("accent", "send", _("Can still be taken back")),
        SubmissionState.QUEUED: ("neutral", "clock", _("Queued")),
        SubmissionState.SENDING: ("info", "send", _("Sending")),
        SubmissionState.DOUBT: ("neutral", "question", _("Being checked")),
        SubmissionState.FAILED: ("danger", "x-circle", _("Not sent")),
        SubmissionState.CANCELLED: ("neutral", "undo", _("Taken back")),
    }[SubmissionState(state)]


def _sent_badge(outcomes: Sequence[Outcome]) -> tuple[str, str, str]:
    states = [outcome.state for outcome in outcomes]
    refused = states.count(OutcomeState.REFUSED)
    if refused:
        text = ngettext("Refused at %(count)d address", "Refused at %(count)d addresses", refused)
        return "danger", "x-circle", text % {"count": refused}
    if OutcomeState.DEFERRED in states:
        return "warning", "clock", _("Their server says: later")
    if states and all(state == OutcomeState.DELIVERED for state in states):
        if all(is_local(outcome) for outcome in outcomes):
            return "success", "check", _("In the mailbox")
        if any(outcome.tls is False for outcome in outcomes):
            return "warning", "warning", _("Delivered, not encrypted")
        return "success", "check", _("Delivered")
    return "success", "check", _("Handed over")


def _words(submission: Submission) -> str:
    match submission.state:
        case SubmissionState.DOUBT:
            return _(
                "The connection was cut at the last moment. We are checking whether the message "
                "left; it is never sent twice."
            )
        case SubmissionState.QUEUED if _is_over_limit(submission):
            why = explain(None, "", submission.reply_text)
            at = _("It leaves at %(time)s.") % {"time": _clock(submission.due_at)}
            return f"{why} {at}"
        case SubmissionState.QUEUED if submission.attempts:
            return explain(submission.reply_code, "", submission.reply_text)
        case SubmissionState.FAILED:
            return explain(submission.reply_code, "", submission.reply_text)
    return ""


def _clock(at: datetime) -> str:
    """Return the time alone when it is today, in the zone that is active."""
    local = timezone.localtime(at)
    return date_format(local, "H:i") if local.date() == timezone.localdate() else moment(at)


def _is_over_limit(submission: Submission) -> bool:
    return submission.state == SubmissionState.QUEUED and submission.reply_text in OVER_LIMIT


def recipient_line(outcome: Outcome) -> RecipientLine:
    """Return where one recipient's copy stands."""
    said = explain(outcome.reply_code, outcome.enhanced_code, outcome.reply_text)
    quoted = _server_words(outcome.reply_code, outcome.enhanced_code, outcome.reply_text)
    match outcome.state:
        case OutcomeState.REFUSED:
            tone, icon, words = "danger", "x-circle", said or _("refused")
        case OutcomeState.DEFERRED:
            tone, icon, words = "warning", "clock", said or _("put off")
        case OutcomeState.DELIVERED:
            tone, icon, words, quoted = *_delivered(outcome), ""
        case OutcomeState.ACCEPTED:
            tone, icon, words, quoted = "neutral", "check", _("our server passes it on"), ""
        case _ if outcome.reply_code:
            tone, icon, words = "warning", "clock", said
        case _:
            tone, icon, words, quoted = "neutral", "clock", _("waiting"), ""
    return RecipientLine(outcome.recipient, tone, icon, words, quoted, outcome.updated_at)


def _delivered(outcome: Outcome) -> tuple[str, str, str]:
    if is_local(outcome):
        return "success", "check-circle", _("in the mailbox")
    if outcome.tls is False:
        return "warning", "warning", _("their server took it over a connection without encryption")
    if outcome.tls:
        return "success", "check-circle", _("their server took it over an encrypted connection")
    return "success", "check-circle", _("their server took it")


def is_local(outcome: Outcome) -> bool:
    """Return whether the copy went into a mailbox of this installation."""
    return any(mark in outcome.relay for mark in _LOCAL)


def _server_words(code: int | None, enhanced: str, text: str) -> str:
    """Return what was said, word for word; empty for reasons of our own."""
    if code is None and not enhanced:
        return ""
    codes = [str(code)] if code else []
    if enhanced and not text.startswith(enhanced):
        codes.append(enhanced)
    return " ".join([*codes, text]).strip()[:600]
