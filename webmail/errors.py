"""What the webmail tells a person: gone folders and messages, refusals of the server, no IMAP."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from portal.errors import Conflict, InvalidInput, LimitReached, NotFound, PortalError, Unavailable


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
