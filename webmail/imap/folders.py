"""Folders: one LIST with counts, making, renaming, deleting, subscribing."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from webmail.errors import FolderExists, FolderGone
from webmail.imap.errors import translated
from webmail.imap.session import Session, decode_folder_name, folder_name
from webmail.imap.tokenizer import Token, pairs, tokenize
from webmail.imap.types import Folder

_STATUS = b"(MESSAGES UNSEEN UIDVALIDITY UIDNEXT HIGHESTMODSEQ)"
_SPECIAL_USES = {
    b"\\sent": "sent",
    b"\\drafts": "drafts",
    b"\\archive": "archive",
    b"\\junk": "junk",
    b"\\trash": "trash",
    b"\\all": "all",
    b"\\flagged": "flagged",
}
# What mail programs call them where the server names no special use
_USUAL_NAMES = {
    "sent": ("Sent", "Sent Messages", "Sent Items"),
    "drafts": ("Drafts",),
    "archive": ("Archive", "Archives"),
    "junk": ("Junk", "Spam", "Junk E-mail"),
    "trash": ("Trash", "Deleted Messages", "Deleted Items"),
}
# Below this name Dovecot lists mailboxes that were shared with the person (prefix in dovecot.conf).
SHARED = "Shared"
NAMES_WHEN_MADE = {use: names[0] for use, names in _USUAL_NAMES.items()}


def list_folders(session: Session) -> list[Folder]:
    """Return the mailbox's own folders with their counts, in the server's order (LIST-STATUS).

    Shared mailboxes are left out: whoever may open one opens it as a mailbox. Of the selected folder
    Dovecot tells what this session saw last, hence the NOOP before.
    """
    if session.selected is not None:
        session.command(b"NOOP")
    answer = session.command(
        b"LIST",
        b'""',
        b'"*"',
        b"RETURN",
        b"(SPECIAL-USE SUBSCRIBED CHILDREN STATUS " + _STATUS + b")",
    )
    names: list[tuple[bytes, list[Token], Token]] = []
    states: dict[bytes, dict[bytes, Token]] = {}
    with translated():
        for line in answer.untagged:
            kind, *rest = tokenize(line, 2)
            if kind == b"LIST" and len(rest) >= 3:
                flags, delimiter, name = rest[:3]
                if isinstance(name, bytes) and isinstance(flags, list):
                    names.append((name, flags, delimiter))
            elif kind == b"STATUS" and len(rest) >= 2:
                name, state = rest[:2]
                if isinstance(name, bytes) and isinstance(state, list):
                    states[name] = pairs(state)
    listed = [_folder(n, f, d, states.get(n)) for n, f, d in names]
    return _with_usual_names([one for one in listed if one.path.split("/", 1)[0] != SHARED])


def status(session: Session, path: str) -> Folder:
    """Return one folder with its counts. Raises FolderGone."""
    for folder in list_folders(session):
        if folder.path == path:
            return folder
    raise FolderGone(detail="not listed")


def special_folder(session: Session, special_use: str) -> str:
    """Return the path of the folder with this use, making and subscribing it when missing."""
    folders = list_folders(session)
    for folder in folders:
        if folder.special_use == special_use:
            return folder.path
    path = NAMES_WHEN_MADE[special_use]
    with suppress(FolderExists):
        create_folder(session, path)
    return path


def create_folder(session: Session, path: str) -> None:
    """Make and subscribe a folder. Raises FolderExists."""
    session.command(b"CREATE", folder_name(path))
    session.command(b"SUBSCRIBE", folder_name(path))


def rename_folder(session: Session, path: str, new_path: str) -> None:
    """Rename a folder and those inside it. Raises FolderGone, FolderExists."""
    session.unselect()  # Dovecot hangs up on who renames or deletes the folder he stands in
    session.command(b"RENAME", folder_name(path), folder_name(new_path))
    subscribe(session, new_path, instead_of=path)


def subscribe(session: Session, path: str, *, instead_of: str) -> None:
    """Have mail programs show one folder in place of another, which is not there any more."""
    session.command(b"UNSUBSCRIBE", folder_name(instead_of))
    session.command(b"SUBSCRIBE", folder_name(path))


def delete_folder(session: Session, path: str) -> None:
    """Delete a folder and the messages in it. Raises FolderGone."""
    session.unselect()
    session.command(b"DELETE", folder_name(path))
    session.command(b"UNSUBSCRIBE", folder_name(path))


def _folder(
    raw: bytes, flags: list[Token], delimiter: Token, state: dict[bytes, Token] | None
) -> Folder:
    lowered = {flag.lower() for flag in flags if isinstance(flag, bytes)}
    path = decode_folder_name(raw)
    special = next((use for flag, use in _SPECIAL_USES.items() if flag in lowered), "")
    state = state or {}
    return Folder(
        path="INBOX" if path.upper() == "INBOX" else path,
        delimiter=delimiter.decode() if isinstance(delimiter, bytes) else "",
        special_use="inbox" if path.upper() == "INBOX" else special,
        is_selectable=not lowered & {b"\\noselect", b"\\nonexistent"},
        has_children=b"\\haschildren" in lowered,
        is_subscribed=b"\\subscribed" in lowered,
        message_count=_number(state.get(b"MESSAGES")),
        unseen_count=_number(state.get(b"UNSEEN")),
        uid_validity=_number(state.get(b"UIDVALIDITY")) or 0,
        uid_next=_number(state.get(b"UIDNEXT")) or 0,
        highest_mod_seq=_number(state.get(b"HIGHESTMODSEQ")) or 0,
    )


def _with_usual_names(folders: list[Folder]) -> list[Folder]:
    """Give special uses to folders of the usual names when no folder has the use itself."""
    uses = {folder.special_use for folder in folders}
    by_name: dict[str, str] = {}
    for use, names in _USUAL_NAMES.items():
        if use not in uses:
            have = {folder.path for folder in folders}
            found = next((name for name in names if name in have), None)
            if found:
                by_name[found] = use
    if not by_name:
        return folders
    return [
        replace(folder, special_use=by_name[folder.path]) if folder.path in by_name else folder
        for folder in folders
    ]


def _number(token: Token | None) -> int | None:
    return int(token) if isinstance(token, bytes) and token.isdigit() else None
