"""The audit log speaks like a person, in the reader's language, down to its details."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.utils import translation

from accounts.models import AuditEvent
from accounts.views.audit_words import told
from domains.dns.words import title

if TYPE_CHECKING:
    from accounts.views.audit_words import Entry


def said(action: str, field: str, change: Any) -> Entry:
    with translation.override("vi"):
        return told(AuditEvent(action=action, target_name="a@b.test", changes={field: change}))


def test_a_new_mailbox_was_created_not_opened() -> None:
    # To open somebody's mailbox is another thing, which an owner would be alarmed by.
    assert said("mailbox.create", "name", ["", "Chi"]).deed == "đã tạo hộp thư"


@pytest.mark.parametrize(
    ("action", "field", "change", "words"),
    [
        ("mailbox.create", "shared", True, ("Dùng chung", "", "có")),
        ("mailbox.suspend", "status", ["active", "suspended"], ("Đang hoạt động", "Tạm khóa")),
        ("mailbox.delete", "grace_days", 7, ("Số ngày chờ xóa", "", "7")),
        ("domain.dns_confirmed", "dkim-s1", ["", "match"], ("DKIM s1", "", "Khớp")),
        ("domain.dns_confirmed", "ownership", ["", "unknown"], ("Quyền sở hữu", "", "Chưa rõ")),
        ("domain.dns_confirmed", "mta-sts", ["match", "missing"], ("MTA-STS", "Khớp", "Thiếu")),
        (
            "domain.catch_all",
            "mailbox",
            ["", "a@b.test"],
            ("Hộp thư gom (catch-all)", "", "a@b.test"),
        ),
        ("alias.create", "mailboxes", [[], ["a@b.test"]], ("Giao tới", "", "a@b.test")),
        ("tenant.create", "kind", ["", "company"], ("Loại", "", "Công ty")),
        ("person.change", "language", ["vi", "en"], ("Ngôn ngữ", "Tiếng Việt", "English")),
        ("person.change", "theme", ["", "dark"], ("Giao diện", "", "Tối")),
    ],
)
def test_details_are_words_not_codes(
    action: str, field: str, change: Any, words: tuple[str, ...]
) -> None:
    (told_change,) = said(action, field, change).changes
    assert told_change == words if len(words) == 3 else told_change[1:] == words


def test_records_that_went_the_same_way_are_told_in_one_line() -> None:
    first_look = {"mx": ["", "match"], "dkim-s1": ["", "match"], "spf": ["", "missing"]}
    event = AuditEvent(action="domain.dns_confirmed", target_name="b.test", changes=first_look)
    with translation.override("vi"):
        assert told(event).changes == [("MX, DKIM s1", "", "Khớp"), ("SPF", "", "Thiếu")]


@pytest.mark.parametrize(
    "code",
    [
        "ownership",
        "mx",
        "spf",
        "dkim-s2",
        "dmarc",
        "mta-sts",
        "mta-sts-host",
        "tls-rpt",
        "autoconfig",
        "autodiscover",
        "pacc",
        "pacc-host",
        "srv-imaps",
    ],
)
def test_the_log_calls_records_as_the_pages_of_dns_do(code: str) -> None:
    event = AuditEvent(action="domain.dns_confirmed", changes={code: ["", "match"]})
    assert told(event).changes[0][0] == title(code)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("xn--hi-vn-mi-lza0827e2ra.test", "hải-vân-mới.test"),
        ("info@xn--hi-vn-mi-lza0827e2ra.test", "info@hải-vân-mới.test"),
        ("xn--0.test", "xn--0.test"),
        ("an@haivan.test", "an@haivan.test"),
    ],
)
def test_names_are_shown_as_people_write_them(stored: str, shown: str) -> None:
    assert told(AuditEvent(action="domain.create", target_name=stored, changes={})).target == shown
