"""Header fields stay what they are: no value makes a second field, every name comes back whole."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.message import fields
from webmail.message.address import Address, parse_addresses
from webmail.message.headers import parse_headers

TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cf", "Co", "Cn"]), max_size=300
)
NAME = TEXT.map(lambda text: " ".join(text.split())[:120].strip())
NAMES = (
    "Nguyễn Thị Ánh Tuyết",
    'O"Neil, "Bob"',
    "a\\b",
    "(note)",
    "=?utf-8?q?trick?=",
    "龍 李",
    "🙂",
)


@given(name=NAME | st.sampled_from(NAMES), more=st.lists(NAME, max_size=6))
def test_names_come_back_whole(name: str, more: list[str]) -> None:
    people = [Address(one, f"p{index}@x.test") for index, one in enumerate([name, *more])]
    raw = fields.addresses("To", people).encode("ascii")
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    head = parse_headers(raw)
    assert [field for field, _ in head] == ["to"]
    assert [a.email for a in head.addresses("To")] == [p.email for p in people]
    import unicodedata

    expected = [unicodedata.normalize("NFC", p.name) for p in people]
    assert [unicodedata.normalize("NFC", a.name) for a in head.addresses("To")] == expected


@given(text=TEXT)
def test_subjects_come_back_for_another_reader_too(text: str) -> None:
    raw = fields.unstructured("Subject", text).encode("ascii")
    parsed = message_from_bytes(raw + b"\r\n", policy=policy.default)
    assert list(parsed.keys()) == ["Subject"]
    import unicodedata

    assert " ".join(str(parsed["Subject"]).split()) == " ".join(
        unicodedata.normalize("NFC", text).split()
    )


@pytest.mark.parametrize(
    "bad", ["\r\nBcc: x@y.test", "\n", "\r", "a\0b", "a\x85b", "a\u2028b", "a\x1bb"]
)
@pytest.mark.parametrize("write", ["subject", "name", "email", "id", "plain"])
def test_nothing_breaks_out_of_its_field(bad: str, write: str) -> None:
    def attempt() -> Any:
        match write:
            case "subject":
                return fields.unstructured("Subject", f"x{bad}")
            case "name":
                return fields.addresses("To", [Address(f"x{bad}", "a@b.test")])
            case "email":
                return fields.addresses("To", [Address("x", f"a{bad}@b.test")])
            case "plain":
                return fields.plain("Date", f"x{bad}")
        # odd Message-IDs are left out: they come from other people's mail
        assert fields.message_ids("References", [f"x{bad}@y"]) == "References:\r\n"
        raise fields.UnsafeField

    with pytest.raises(fields.UnsafeField):
        attempt()


@pytest.mark.parametrize(
    "email", ["a b@x.test", "a@x.test>", "a@b@c", "<a@x.test", "a@x.test,b@x.test", "", "é@x.test"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(fields.UnsafeField):
        fields.addresses("To", [Address("", email)])


def test_long_lists_fold_at_blanks() -> None:
    people = [Address(f"Trần Văn {n}", f"tran.van.{n}@congty.test") for n in range(100)]
    raw = fields.addresses("Cc", people)
    assert all(len(line) <= 78 for line in raw.split("\r\n"))
    assert len(parse_addresses(raw.partition(":")[2])) == 100
