"""SMTP replies in plain words. Pure: codes and words in, a translated sentence out."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext, gettext_lazy, gettext_noop

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Reason(StrEnum):
    """Our own words where no server spoke; stored as they are, translated when shown."""

    SUSPENDED = gettext_noop("This mailbox may not send at the moment.")
    CANCELLED = gettext_noop("Taken back before it was sent.")
    NO_ANSWER = gettext_noop("Our mail server did not answer.")
    OVER_HOUR = gettext_noop("Your company’s sending limit of this hour is used up.")
    OVER_DAY = gettext_noop("Your company’s sending limit of today is used up.")


OVER_LIMIT = (Reason.OVER_HOUR, Reason.OVER_DAY)  # waits for the next window, is not in trouble


# RFC 3463 and the IANA registry; the class digit is the key's first character.
_BY_ENHANCED: dict[str, str | _StrPromise] = {
    "5.1.0": gettext_lazy("Their server does not accept this address."),
    "5.1.1": gettext_lazy("This address does not exist there."),
    "5.1.2": gettext_lazy("This domain has no mail server."),
    "5.1.3": gettext_lazy("This is not a complete address."),
    "5.1.6": gettext_lazy("This mailbox has moved; ask for the new address."),
    "5.1.8": gettext_lazy("Their server does not accept the sender’s address."),
    "5.1.10": gettext_lazy("This domain says that it takes no mail."),
    "4.2.0": gettext_lazy("Their server asks us to try again later."),
    "4.2.1": gettext_lazy(
        "The mailbox is closed for the moment; their server says: try again later."
    ),
    "5.2.1": gettext_lazy("The mailbox is closed."),
    "4.2.2": gettext_lazy("The mailbox is full; their server says: try again later."),
    "5.2.2": gettext_lazy("The mailbox is full."),
    "5.2.3": gettext_lazy("The message is too large for this mailbox."),
    "4.3.1": gettext_lazy("Their server is out of space; we try again."),
    "4.3.2": gettext_lazy("Their server is not taking mail right now; we try again."),
    "5.3.4": gettext_lazy("The message is too large for their server."),
    "4.4.1": gettext_lazy("Their server does not answer; we try again."),
    "5.4.1": gettext_lazy("Their server takes no mail for this address."),
    "4.4.2": gettext_lazy("The connection to their server was cut; we try again."),
    "4.4.3": gettext_lazy("The DNS gave no answer for this domain; we try again."),
    "5.4.4": gettext_lazy("This domain has no mail server."),
    "5.4.6": gettext_lazy("The message went round in a circle."),
    "4.4.7": gettext_lazy("Their server kept saying “later” until our time was over."),
    "5.4.7": gettext_lazy("Their server kept saying “later” until our time was over."),
    "5.5.3": gettext_lazy("Too many recipients at once."),
    "4.5.3": gettext_lazy("Too many recipients at once; we try again."),
    "5.6.0": gettext_lazy("Their server does not accept a message of this form."),
    "4.7.0": gettext_lazy("Their server asks us to try again later."),
    "5.7.0": gettext_lazy("Their server refuses the message by its rules."),
    "4.7.1": gettext_lazy("Their server asks us to try again later."),
    "5.7.1": gettext_lazy("Their server refuses the message by its rules."),
    "4.7.5": gettext_lazy("No safe connection to their server; we try again."),
    "5.7.5": gettext_lazy("No safe connection to their server."),
    "5.7.23": gettext_lazy("Their server says that we may not send for this domain (SPF)."),
    "5.7.26": gettext_lazy("Their server cannot verify that this mail is from us (SPF, DKIM)."),
    "5.7.27": gettext_lazy("The sender’s domain takes no mail, so their server refuses it."),
}
_BY_CODE: dict[int, str | _StrPromise] = {
    421: gettext_lazy("Their server is not taking mail right now; we try again."),
    450: gettext_lazy("Their server asks us to try again later."),
    451: gettext_lazy("Their server has trouble and asks us to try again later."),
    452: gettext_lazy("Their server is out of space; we try again."),
    550: gettext_lazy("Their server refuses this address."),
    552: gettext_lazy("The message is too large or the mailbox is full."),
    554: gettext_lazy("Their server refuses the message."),
}


def explain(code: int | None, enhanced: str = "", text: str = "") -> str:
    """Return one sentence for what a server said, in the reader's language.

    `code` None means that no server spoke: `text` is then a Reason, or Postfix's own words with
    an enhanced code. An enhanced code at the head of `text` counts when `enhanced` is empty.
    Unknown codes fall back to temporary or permanent.
    """
    if code is None and text in set(Reason):
        return gettext(text)
    head = enhanced or text.partition(" ")[0]
    known = _BY_ENHANCED.get(head) or _BY_CODE.get(code or 0)
    if known is not None:
        return str(known)
    if head.startswith("4.") or 400 <= (code or 0) < 500:
        return gettext("Their server asks us to try again later.")
    if head.startswith("5.") or code is not None:
        return gettext("Their server refuses the message.")
    return text
