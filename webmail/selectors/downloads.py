"""Octets of messages and their parts, in pieces: no file is ever held whole in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from webmail.errors import PartGone, TooLarge
from webmail.imap import messages
from webmail.imap.pool import borrow
from webmail.message.body import Base64Stream, choose, decode_transfer
from webmail.message.structure import BodyPart, safe_file_name
from webmail.selectors.messages import file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webmail.identity import MailIdentity, MessageRef

CHUNK = 512 * 1024
MAX_INLINE_OCTETS = 12 * 1024 * 1024
MAX_QUOTED_PRINTABLE = 48 * 1024 * 1024
_RASTERS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)


def message_source(identity: MailIdentity, ref: MessageRef) -> tuple[str, Iterator[bytes]]:
    """Return a file name and the octets of the whole message. Raises MessageGone."""
    with borrow(identity) as session:
        messages.open_folder(session, ref.folder, ref.uid_validity)
        subject = messages.fetch_message(session, ref.uid).headers.text("subject")
    title = safe_file_name(subject)[:120] or _("Message")
    name = f"{title}.eml"
    return name, _pieces(identity, ref, "")


def attachment(
    identity: MailIdentity, ref: MessageRef, part_number: str
) -> tuple[str, Iterator[bytes]]:
    """Return the name and the decoded octets of a part. Raises MessageGone, PartGone."""
    part, index = _find(identity, ref, part_number)
    return file_name(part, index), _decoded(_pieces(identity, ref, part.part_number), part.encoding)


def inline_image(identity: MailIdentity, ref: MessageRef, part_number: str) -> tuple[str, bytes]:
    """Return the type, by its first octets, and the octets of a raster image inside a message.

    Raises MessageGone, TooLarge, and PartGone for anything that is no raster image.
    """
    part, _ = _find(identity, ref, part_number)
    if part.decoded_size_bytes > MAX_INLINE_OCTETS:
        raise TooLarge(detail="inline image")
    octets = b"".join(_decoded(_pieces(identity, ref, part.part_number), part.encoding))
    media_type = raster_type(octets)
    if not media_type:
        raise PartGone(detail="no raster image")
    return media_type, octets


def raster_type(octets: bytes) -> str:
    """Return the media type of a raster image by its first octets; empty for anything else."""
    for start, media_type in _RASTERS:
        if octets.startswith(start):
            return media_type
    return "image/webp" if octets[:4] == b"RIFF" and octets[8:12] == b"WEBP" else ""


def all_files(identity: MailIdentity, ref: MessageRef) -> list[tuple[str, Iterator[bytes]]]:
    """Return name and octets of every file of a message, names made unique. Raises MessageGone."""
    with borrow(identity) as session:
        messages.open_folder(session, ref.folder, ref.uid_validity)
        parts = choose(messages.fetch_message(session, ref.uid).structure).files
    taken: set[str] = set()
    found = []
    for index, part in enumerate(parts, 1):
        name = file_name(part, index)
        if name in taken:
            name = f"{index} {name}"
        taken.add(name)
        found.append((name, _decoded(_pieces(identity, ref, part.part_number), part.encoding)))
    return found


def _find(identity: MailIdentity, ref: MessageRef, part_number: str) -> tuple[BodyPart, int]:
    with borrow(identity) as session:
        messages.open_folder(session, ref.folder, ref.uid_validity)
        structure = messages.fetch_message(session, ref.uid).structure
    part = structure.find(part_number)
    if part is None:
        raise PartGone(detail=part_number[:100])
    files = choose(structure).files
    return part, files.index(part) + 1 if part in files else 1


def _pieces(identity: MailIdentity, ref: MessageRef, part_number: str) -> Iterator[bytes]:
    """Yield encoded octets; a connection is lent for one piece at a time, however slow the reader."""
    position = 0
    while True:
        with borrow(identity) as session:
            messages.open_folder(session, ref.folder, ref.uid_validity)
            octets = messages.fetch_octets(session, ref.uid, part_number, position, CHUNK)
        if octets:
            yield octets
        if len(octets) < CHUNK:
            return
        position += CHUNK


def _decoded(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if encoding == "base64":
        stream = Base64Stream()
        for piece in pieces:
            yield stream.feed(piece)
        yield stream.end()
    elif encoding == "quoted-printable":
        whole = bytearray()
        for piece in pieces:
            whole += piece
            if len(whole) > MAX_QUOTED_PRINTABLE:
                raise TooLarge(detail="quoted-printable part")
        yield decode_transfer(bytes(whole), encoding)
    else:
        yield from pieces
