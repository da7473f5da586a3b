"""The file with the mail of a leaver: its names are safe wherever it is unpacked."""

from __future__ import annotations

import pytest

from mailserver.doveadm import Letter
from mailserver.services.pack_mail import entry_name


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("INBOX", "INBOX/2026-11-24 000007.eml"),
        ("Dự án/Đà Nẵng", "Dự án/Đà Nẵng/2026-11-24 000007.eml"),
        ("../../etc", "_/_/etc/2026-11-24 000007.eml"),
        ("/etc", "_/etc/2026-11-24 000007.eml"),
        ("C:\\Users", "C__Users/2026-11-24 000007.eml"),
        ("a\x00b\nc", "a_b_c/2026-11-24 000007.eml"),
        ("con. ", "con/2026-11-24 000007.eml"),
        ("x" * 300, "x" * 80 + "/2026-11-24 000007.eml"),
    ],
)
def test_no_part_of_a_folder_leads_out_of_the_file(folder: str, name: str) -> None:
    assert entry_name(folder, Letter(7, "2026-11-24 08:30:00", b"")) == name


@pytest.mark.parametrize("received", ["", "../../x", "24/11/2026 08:30"])
def test_a_day_that_is_none_is_left_out(received: str) -> None:
    assert entry_name("INBOX", Letter(7, received, b"")) == "INBOX/000007.eml"
