"""The composer's form: what was typed, read strictly for sending and leniently for drafts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from webmail.errors import FolderGone
from webmail.identity import folder_id, folder_path
from webmail.message.recipients import has_line_break, read_recipients
from webmail.message.writing import Answers, Writing

if TYPE_CHECKING:
    from webmail.message.address import Address

MAX_FIELD = 60_000  # 500 recipients with their names
MAX_TEXT = 2_000_000
_ANSWERS = re.compile(r"(reply|forward) ([A-Za-z0-9_-]{1,1400}) (\d{1,10}) (\d{1,10})\Z")
_IDS = re.compile(r"[!-;=?-~]+(?: [!-;=?-~]+)*\Z")


class HeaderField(forms.CharField):
    """Text that becomes a header field: line breaks and NUL are refused, in words."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=MAX_FIELD, strip=False, **options)
        self.validators.append(_one_line)


class RecipientField(HeaderField):
    """A list of addresses; each entry that is none is named with its reason."""

    people: tuple[Address, ...] = ()

    def clean(self, value: Any) -> tuple[Address, ...]:
        """Return the addresses."""
        text = super().clean(value)
        people, problems = read_recipients(text)
        if problems:
            raise ValidationError(
                [
                    ValidationError(
                        _("“%(entry)s”: %(reason)s"),
                        params={"entry": problem.entry, "reason": problem.reason},
                    )
                    for problem in problems[:20]
                ]
            )
        return people


def _one_line(text: str) -> None:
    if has_line_break(text):
        raise ValidationError(_("Line breaks are not possible here."))


class DraftForm(forms.Form):
    """A letter as it stands. Unfinished recipients are kept as they were typed."""

    compose_id = forms.UUIDField(widget=forms.HiddenInput)
    sender = forms.CharField(label=gettext_lazy("From"), required=False, max_length=320)
    to: forms.Field = forms.CharField(
        label=gettext_lazy("To"), required=False, max_length=MAX_FIELD
    )
    cc: forms.Field = forms.CharField(
        label=gettext_lazy("Cc"), required=False, max_length=MAX_FIELD
    )
    bcc: forms.Field = forms.CharField(
        label=gettext_lazy("Bcc"), required=False, max_length=MAX_FIELD
    )
    subject = forms.CharField(label=gettext_lazy("Subject"), required=False, max_length=MAX_FIELD)
    text = forms.CharField(
        label=gettext_lazy("Message"), required=False, max_length=MAX_TEXT, strip=False
    )
    html = forms.CharField(required=False, max_length=MAX_TEXT)
    in_reply_to = forms.CharField(required=False, max_length=1_000)
    references = forms.CharField(required=False, max_length=200_000)
    answers = forms.CharField(required=False, max_length=1_500)
    replaces = forms.CharField(required=False, max_length=998)

    def clean_in_reply_to(self) -> str:
        """Drop what is no Message-ID: it is a hidden field, nobody could correct it."""
        return _ids(self.cleaned_data["in_reply_to"])

    def clean_references(self) -> tuple[str, ...]:
        """Return the Message-IDs of the thread."""
        return tuple(_ids(self.cleaned_data["references"]).split())

    def clean_replaces(self) -> str:
        """Drop what is no Message-ID."""
        return _ids(self.cleaned_data["replaces"])

    def clean_answers(self) -> Answers | None:
        """Return what is answered; None when nothing is or the field makes no sense."""
        return read_answers(self.cleaned_data["answers"])

    def writing(self) -> Writing:
        """Return what was typed. Only after is_valid()."""
        known = self.cleaned_data
        return Writing(
            compose_id=known["compose_id"],
            sender=known["sender"],
            to=str(self.data.get("to", ""))[:MAX_FIELD],
            cc=str(self.data.get("cc", ""))[:MAX_FIELD],
            bcc=str(self.data.get("bcc", ""))[:MAX_FIELD],
            subject=known["subject"],
            text=known["text"].replace("\r\n", "\n"),
            html=known["html"],
            in_reply_to=known["in_reply_to"],
            references=known["references"],
            answers=known["answers"],
            replaces=known["replaces"],
        )


class SendForm(DraftForm):
    """A letter that is to be sent."""

    to = RecipientField(label=gettext_lazy("To"))
    cc = RecipientField(label=gettext_lazy("Cc"))
    bcc = RecipientField(label=gettext_lazy("Bcc"))
    subject = HeaderField(label=gettext_lazy("Subject"))

    def clean_subject(self) -> str:
        """Refuse what no server would take."""
        subject: str = self.cleaned_data["subject"].strip()
        if len(subject) > 900:
            raise ValidationError(_("A subject has at most 900 characters."))
        return subject


def read_answers(text: str) -> Answers | None:
    """Return what `answers_text` wrote, None for anything else."""
    match = _ANSWERS.match(text)
    if match is None:
        return None
    try:
        path = folder_path(match[2])
    except FolderGone:
        return None
    return Answers(path, int(match[3]), int(match[4]), is_forward=match[1] == "forward")


def answers_text(answers: Answers | None) -> str:
    """Return what is answered as a hidden field holds it."""
    if answers is None:
        return ""
    kind = "forward" if answers.is_forward else "reply"
    return f"{kind} {folder_id(answers.folder)} {answers.uid_validity} {answers.uid}"


def _ids(text: str) -> str:
    return text if _IDS.match(text) else ""
