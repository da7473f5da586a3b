"""One walk: Bình writes to a colleague and to other companies and sees what becomes of each letter."""

from __future__ import annotations

import re
from email import message_from_bytes
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from playwright.sync_api import expect

from delivery.models import Outcome, OutcomeState, QueueIdSeen, Submission, SubmissionState
from demo.box.records import publish
from tests.conftest import sign_in, until
from tests.wire.mail import kept_by_partner, messages

if TYPE_CHECKING:
    import imaplib
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import FrameLocator, Locator, Page

    from portal.config import Stack
    from tests.world import Person, World

pytestmark = pytest.mark.browser

TABLE = "Bảng giá tháng 12.csv"


@pytest.fixture
def binh(live: World, stack: Stack) -> Person:
    """A member of staff whose company other companies find by DNS."""
    publish(live.domain.name, "MX", f"10 {stack.mail_hostname}.")
    publish(live.domain.name, "TXT", f"v=spf1 include:_spf.{stack.operator_domain} -all")
    return live.person(name="Nguyễn Văn Bình")


@pytest.fixture
def chi(live: World) -> Person:
    return live.person(name="Lê Thảo Chi")


def body(page: Page) -> Locator:
    frame: FrameLocator = page.frame_locator(".composer__frame").last
    return frame.locator("body")


def dock(page: Page) -> Locator:
    return page.locator(".composer--dock.is-live").last


def begins_a_letter(page: Page, to: str, subject: str, text: str) -> None:
    page.locator(".folders [data-compose]").click()
    recipient = dock(page).locator("[data-recipients=to] input[role=combobox]")
    recipient.fill(f"{to},")
    dock(page).get_by_placeholder("Subject").fill(subject)
    body(page).click()
    page.keyboard.type(text)


def letter_of(person: Person, subject: str) -> Submission:
    found = until(
        lambda: Submission.objects.filter(mailbox=person.box, subject=subject).first(),
        what=f"the row of {subject}",
    )
    assert found is not None
    return found


def outgoing(page: Page, subject: str) -> Locator:
    """Return what the outbox shows of a letter, wherever it stands."""
    return page.locator("#outgoing :is(article, tr)", has_text=subject)


def writes_to_chi_with_a_file(page: Page, binh: Person, file: Path) -> None:
    """The draft keeps itself in Drafts; the click is one row and its envelope, and Undo is offered."""
    begins_a_letter(page, "chi", "", "")
    recipient = dock(page).locator("[data-recipients=to] input[role=combobox]")
