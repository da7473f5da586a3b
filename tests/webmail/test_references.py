"""Folders and messages as they stand in addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.errors import FolderGone
from webmail.identity import folder_id, folder_path
from webmail.imap.messages import expand_set, uid_set
from webmail.imap.session import decode_folder_name, folder_name


def test_the_inbox_has_the_address_everybody_knows() -> None:
    assert folder_id("INBOX") == "SU5CT1g"
    assert folder_path("SU5CT1g") == "INBOX"


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_path_comes_back(path: str) -> None:
    identifier = folder_id(path)
    assert identifier.isascii()
    assert "=" not in identifier
    assert "/" not in identifier
    assert folder_path(identifier) == path


@pytest.mark.parametrize(
    "identifier", ["", "SU5CT1g=", "SU5CT1", "***", "AA", "DQo", "/w", "-w", "é", "SU5CT1h"]
)
def test_other_identifiers_are_no_folders(identifier: str) -> None:
    with pytest.raises(FolderGone):
        folder_path(identifier)


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=60))
def test_folder_names_survive_the_wire(path: str) -> None:
    quoted = folder_name(path)
    raw = quoted[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    assert decode_folder_name(raw) == path


@given(st.lists(st.integers(min_value=1, max_value=2**32 - 1), min_size=1, max_size=60))
def test_sets_of_uids_come_back(uids: list[int]) -> None:
    near = [uid % 100 + 1 for uid in uids]
    assert expand_set(uid_set(near)) == sorted(set(near))
