"""What the webmail tells a person: gone folders and messages, refusals of the server, no IMAP."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LimitReached,
    NotFound,
    PortalError,
    Unavailable,
)


class WebmailError(PortalError):
    """The root of this room's errors."""


class MailboxGone(WebmailError, NotFound):
    """No such mailbox, or it is not this person's."""

    code = "mailbox_gone"
    default_message = _("We could not find that mailbox.")


class FolderGone(WebmailError, NotFound):
    """The folder was deleted or renamed, here or in another program."""

    code = "folder_gone"
    default_message = _("That folder is not there any more. It may have been renamed or deleted.")


class MessageGone(WebmailError, NotFound):
    """The message was moved or deleted, here or in another program."""

    code = "message_gone"
    default_message = _("That message is not here any more. It may have been moved or deleted.")


class PartGone(WebmailError, NotFound):
    """The message has no such part."""

    code = "part_gone"
    default_message = _("That attachment is not in the message.")


class StaleReference(WebmailError, NotFound):
    """The folder was rebuilt (its UIDVALIDITY changed), so the address means nothing now."""

    code = "stale_reference"
    default_message = _(
        "This folder was rebuilt, so the link to the message no longer works. "
        "The message is most likely still in the folder."
    )


class FolderExists(WebmailError, Conflict):
    """A folder of that name is there already."""

    code = "folder_exists"
    default_message = _("A folder with this name exists already.")


class MailboxFull(WebmailError, LimitReached):
    """The mailbox is over its quota."""

    code = "mailbox_full"
    default_message = _("The mailbox is full. Delete something or ask for more space.")


class Refused(WebmailError, InvalidInput):
    """The server said no; its words are in `detail`."""

    code = "refused"
    default_message = _("The mail server refused this.")


class UnsafeArgument(WebmailError, InvalidInput):
    """A value holds a line break or NUL and never reaches the server."""

    code = "unsafe_argument"
    default_message = _("Line breaks are not possible here.")


class TooLarge(WebmailError, LimitReached):
    """More than is shown in a page; downloading is still possible."""

    code = "too_large"
    default_message = _("This is too large to be shown here.")


class MailUnavailable(WebmailError, Unavailable):
    """IMAP does not answer or refuses the sign-in; nothing is lost and it heals by itself."""

    code = "mail_unavailable"
    default_message = _(
        "The mail store does not answer right now. Your mail is safe; this page tries again by itself."
    )


class NotYourAddress(WebmailError, Forbidden):
    """A sender address that does not belong to the mailbox."""

    code = "not_your_address"
    default_message = _("You may not send from this address.")


class SendingStopped(WebmailError, Forbidden):
    """The mailbox, its domain, its person or its company may not send at present."""

    code = "sending_stopped"
    default_message = _("This mailbox may not send at the moment. Ask your administrator.")


class NoRecipient(WebmailError, InvalidInput):
    """A letter to nobody."""

    code = "no_recipient"
    default_message = _("Enter at least one recipient.")


class TooManyRecipients(WebmailError, InvalidInput):
    """More than one message may go to."""

    code = "too_many_recipients"
    default_message = _("A message may go to at most 500 people.")


class FilesTooLarge(WebmailError, LimitReached):
    """The files do not fit into one message, or too many of them lie in open letters."""

    status = 413
    code = "files_too_large"
    default_message = _("This is more than fits into one message. Remove something and try again.")


class TooManyFiles(WebmailError, LimitReached):
    """More files than one message carries."""

    code = "too_many_files"
    default_message = _("A message carries at most 100 files.")


class FileMissing(WebmailError, Conflict):
    """A file of the letter is not on the server any more."""

    code = "file_missing"
    default_message = _(
        "A file of this message is not there any more. Remove it and attach it again."
    )


class AlreadySent(WebmailError, Conflict):
    """The letter was sent; a late copy of the composer must not bring its draft back."""

    code = "already_sent"
    default_message = _("This message was already sent.")


class ImageRefused(WebmailError, NotFound):
    """The proxy does not fetch this: not our link, not the open internet, or no image."""

    code = "image_refused"
    default_message = _("This image cannot be shown.")


class OnlyReading(WebmailError, Forbidden):
    """A member of a shared mailbox who may read and nothing else."""

    code = "only_reading"
    default_message = _(
        "You may read this shared mailbox, but not change anything in it or send from it."
    )


class SendingNotGranted(WebmailError, Forbidden):
    """A member of a shared mailbox who may not send from its address."""

    code = "sending_not_granted"
    default_message = _(
        "You may not send from this shared mailbox. Write from your own, or ask an admin of your "
        "company."
    )


class NotPermitted(WebmailError, Forbidden):
    """The mail store refused it by its access list."""

    code = "not_permitted"
    default_message = _("You may not do this in this shared mailbox.")
