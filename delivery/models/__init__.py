"""Tables of mail on its way."""

from __future__ import annotations

from delivery.models.log_position import LogPosition, QueueIdSeen
from delivery.models.outcome import Outcome
from delivery.models.sending_count import SendingCount, Span
from delivery.models.submission import Submission, SubmissionBody
from delivery.states import OutcomeState, SubmissionState

__all__ = [
    "LogPosition",
    "Outcome",
    "OutcomeState",
    "QueueIdSeen",
    "SendingCount",
    "Span",
    "Submission",
    "SubmissionBody",
    "SubmissionState",
]
