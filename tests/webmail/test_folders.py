"""Folders as IMAP answers them."""

from __future__ import annotations

import pytest

from webmail.imap.types import Folder


@pytest.mark.parametrize(
    ("message_count", "has_children", "is_empty"),
    [(0, False, True), (0, True, False), (3, False, False), (None, False, False)],
)
def test_a_folder_that_could_not_be_counted_is_not_taken_for_empty(
    message_count: int | None, has_children: bool, is_empty: bool
) -> None:
    folder = Folder(
        "Cũ",
        "/",
        "",
        is_selectable=True,
        has_children=has_children,
        is_subscribed=True,
        message_count=message_count,
        unseen_count=message_count,
        uid_validity=1,
        uid_next=1,
        highest_mod_seq=1,
    )
    assert folder.is_empty is is_empty
