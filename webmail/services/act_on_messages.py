"""What is done to messages of a folder: flags, moves, deletion, and how each is undone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.core import signing
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.errors import InvalidInput
from webmail.errors import FolderGone, MessageGone, StaleReference
from webmail.identity import folder_id, folder_path
from webmail.imap import folders, messages
from webmail.imap.pool import borrow
from webmail.imap.types import FLAGGED, JUNK, NOT_JUNK, SEEN
from webmail.selectors.folders import ERASABLE, folder_label
from webmail.selectors.pages import open_of

if TYPE_CHECKING:
    from webmail.identity import MailIdentity
    from webmail.imap.session import Session
    from webmail.imap.types import Folder

MAX_MESSAGES = 1_000
_SALT = "webmail.undo"
_UNDO_SECONDS = 86_400


class Deed(StrEnum):
    """What can be done, as forms name it."""

    READ = "read"
    UNREAD = "unread"
    STAR = "star"
    UNSTAR = "unstar"
    ARCHIVE = "archive"
    DELETE = "delete"
    SPAM = "spam"
    NOT_SPAM = "not-spam"
    MOVE = "move"
    ERASE = "erase"


_FLAGS: dict[Deed, tuple[bytes, bool]] = {
    Deed.READ: (SEEN, True),
    Deed.UNREAD: (SEEN, False),
    Deed.STAR: (FLAGGED, True),
    Deed.UNSTAR: (FLAGGED, False),
}
_TARGETS = {
    Deed.ARCHIVE: "archive",
    Deed.DELETE: "trash",
    Deed.SPAM: "junk",
    Deed.NOT_SPAM: "inbox",
}
_LEARNED = {Deed.SPAM: (JUNK, NOT_JUNK), Deed.NOT_SPAM: (NOT_JUNK, JUNK)}


@dataclass(frozen=True, slots=True)
class Done:
    """What was done, in words; `undo` is the token that takes it back, empty where nothing can."""

    deed: Deed
    text: str
    undo: str
    removed: bool  # the messages left the folder


def act_on_messages(
    identity: MailIdentity,
    *,
    path: str,
    uid_validity: int,
    uids: list[int],
    deed: Deed,
    target: str = "",
) -> Done:
    """Do `deed` to the messages; those that are gone are passed over. `target` is a path.

    Raises FolderGone, StaleReference, MailboxFull, and InvalidInput when nothing is chosen.
    """
    if not uids:
        raise InvalidInput(_("No message is chosen."))
    if len(uids) > MAX_MESSAGES:
        raise InvalidInput(_("These are too many messages for one step."))
    with borrow(identity) as session:
        if deed in _FLAGS:
            return _flag(session, identity, path, uid_validity, uids, deed)
        listed = folders.list_folders(session)
        here = open_of(listed, path)
        if deed is Deed.ERASE or (deed is Deed.DELETE and here.special_use == "trash"):
            return _erase(session, here, uid_validity, uids)
        goal = _goal(session, listed, deed, target)
        return _move(session, identity, here, goal, uid_validity=uid_validity, uids=uids, deed=deed)


def undo(identity: MailIdentity, token: str) -> str:
    """Take back what gave `token` and return the words for it. Doing it twice changes nothing.

    Raises InvalidInput for a token that is not ours, of another mailbox or too old.
    """
    try:
        step: dict[str, Any] = signing.loads(token, salt=_SALT, max_age=_UNDO_SECONDS)
    except signing.BadSignature as exc:
        raise InvalidInput(_("This can no longer be undone."), detail="undo token") from exc
    if step["m"] != identity.mailbox_id:
        raise InvalidInput(_("This can no longer be undone."), detail="undo of another mailbox")
    uids = messages.expand_set(step["u"].encode("ascii"))
    with borrow(identity) as session:
        try:
            messages.open_folder(session, folder_path(step["f"]), step["v"])
        except (FolderGone, StaleReference) as exc:
            raise MessageGone(detail="undo: folder gone") from exc
        if step.get("add"):
            messages.add_flags(session, uids, [step["add"].encode("ascii")])
        if step.get("sub"):
            messages.remove_flags(session, uids, [step["sub"].encode("ascii")])
        if step.get("t"):
            messages.move(session, uids, folder_path(step["t"]))
    return _("Undone")


def _flag(
    session: Session,
    identity: MailIdentity,
    path: str,
    uid_validity: int,
    uids: list[int],
    deed: Deed,
) -> Done:
    flag, is_set = _FLAGS[deed]
    messages.open_folder(session, path, uid_validity)
    before = messages.fetch_flags(session, uids)
    changing = [uid for uid, flags in before.items() if (flag in flags) is not is_set]
    change = messages.add_flags if is_set else messages.remove_flags
    change(session, changing, [flag])
    step = {"f": folder_id(path), "v": uid_validity, "sub" if is_set else "add": flag.decode()}
    text = _words(deed, len(uids), "")
    return Done(deed, text, _token(identity, changing, step), removed=False)


def _move(
    session: Session,
    identity: MailIdentity,
    here: Folder,
    goal: Folder,
    *,
    uid_validity: int,
    uids: list[int],
    deed: Deed,
) -> Done:
    messages.open_folder(session, here.path, uid_validity)
    if goal.path == here.path:
        raise InvalidInput(_("The messages are in this folder already."))
    learned = _LEARNED.get(deed)
    if learned:
        messages.add_flags(session, uids, [learned[0]])
        messages.remove_flags(session, uids, [learned[1]])
    moved = messages.move(session, uids, goal.path)
    step = {
        "f": folder_id(goal.path),
        "v": moved.uid_validity,
        "t": folder_id(here.path),
        "sub": learned[0].decode() if learned else "",
    }
    text = _words(deed, len(moved.uids) or len(uids), folder_label(goal))
    return Done(deed, text, _token(identity, list(moved.uids.values()), step), removed=True)


def _erase(session: Session, here: Folder, uid_validity: int, uids: list[int]) -> Done:
    if here.special_use not in ERASABLE:
        raise InvalidInput(_("Only messages in Trash and Spam can be deleted for good."))
    messages.open_folder(session, here.path, uid_validity)
    messages.expunge(session, uids)
    return Done(Deed.ERASE, _words(Deed.ERASE, len(uids), ""), "", removed=True)


def _goal(session: Session, listed: list[Folder], deed: Deed, target: str) -> Folder:
    """Return the folder that `deed` moves to, making a special one that is missing."""
    if deed is Deed.MOVE:
        goal = open_of(listed, target)
        if goal.special_use == "drafts":
            raise InvalidInput(_("Messages cannot be moved to Drafts."))
        return goal
    use = _TARGETS[deed]
    for folder in listed:
        if folder.special_use == use and folder.is_selectable:
            return folder
    path = folders.special_folder(session, use)
    return open_of(folders.list_folders(session), path)


def _token(identity: MailIdentity, uids: list[int], step: dict[str, Any]) -> str:
    """Return a signed token that says how to take a step back; empty when nothing changed."""
    if not uids:
        return ""
    step = {"m": identity.mailbox_id, "u": messages.uid_set(uids).decode(), **step}
    return signing.dumps(step, salt=_SALT, compress=True)


def _words(deed: Deed, count: int, place: str) -> str:
    said = {"count": count, "folder": place}
    if deed is Deed.ARCHIVE:
        return ngettext("%(count)d message archived", "%(count)d messages archived", count) % said
    if deed is Deed.DELETE:
        return (
            ngettext("%(count)d message moved to Trash", "%(count)d messages moved to Trash", count)
            % said
        )
    if deed is Deed.SPAM:
        return (
            ngettext(
                "%(count)d message reported as spam", "%(count)d messages reported as spam", count
            )
            % said
        )
    if deed in (Deed.NOT_SPAM, Deed.MOVE):
        return (
            ngettext(
                "%(count)d message moved to %(folder)s",
                "%(count)d messages moved to %(folder)s",
                count,
            )
            % said
        )
    return _flag_words(deed, count)


def _flag_words(deed: Deed, count: int) -> str:
    said = {"count": count}
    if deed is Deed.READ:
        words = ngettext(
            "%(count)d message marked as read", "%(count)d messages marked as read", count
        )
    elif deed is Deed.UNREAD:
        words = ngettext(
            "%(count)d message marked as unread", "%(count)d messages marked as unread", count
        )
    elif deed is Deed.STAR:
        words = ngettext("%(count)d message starred", "%(count)d messages starred", count)
    elif deed is Deed.UNSTAR:
        words = ngettext(
            "Star taken off %(count)d message", "Star taken off %(count)d messages", count
        )
    else:
        words = ngettext(
            "%(count)d message deleted for good", "%(count)d messages deleted for good", count
        )
    return words % said
