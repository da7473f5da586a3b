"""Walking a list page by page shows every row once, in order, from either end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from domains.models import Address, Mailbox
from domains.selectors import filtered_mailboxes
from portal.paging import paged

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tests.world import World

SIZE = 3
ORDERS = [
    ("address__email", "pk"),
    ("-address__email", "-pk"),
    ("name", "pk"),
    ("usage__bytes", "pk"),
    ("-usage__bytes", "-pk"),
    ("status", "address__email", "pk"),
    ("-created_at", "-pk"),
]


@pytest.fixture
def boxes(world: World) -> QuerySet[Mailbox]:
    for number in range(10):
        world.person(name=f"Nguyễn {number % 3}", quota_bytes=1000)
    return filtered_mailboxes(world.tenant)


@pytest.mark.parametrize("order", ORDERS)
def test_next_and_previous_lead_through_every_row_once(
    order: tuple[str, ...], boxes: QuerySet[Mailbox]
) -> None:
    rows = boxes.order_by(*order)
    wanted = [row.pk for row in rows]
    page = paged(rows, QueryDict("q=x"), size=SIZE)
    forward = [row.pk for row in page.rows]
    seen = [page]
    while page.following:
        page = paged(rows, QueryDict(page.following_query), size=SIZE)
        forward += [row.pk for row in page.rows]
        seen.append(page)
    assert forward == wanted
    for earlier in reversed(seen[:-1]):
        page = paged(rows, QueryDict(page.previous_query), size=SIZE)
        assert [row.pk for row in page.rows] == [row.pk for row in earlier.rows]
        assert page.number == earlier.number
    assert page.previous is None


def test_the_next_page_starts_where_this_one_ends_without_reading_what_came_before(
    boxes: QuerySet[Mailbox],
) -> None:
    rows = boxes.order_by("address__email", "pk")
    page = paged(rows, QueryDict("page=2"), size=SIZE)
    with CaptureQueriesContext(connection) as seen:
        paged(rows, QueryDict(page.following_query), size=SIZE)
    assert "OFFSET" not in seen.captured_queries[-1]["sql"]


def test_the_last_page_is_read_from_the_end(boxes: QuerySet[Mailbox]) -> None:
    rows = boxes.order_by("address__email", "pk")
    wanted = [row.pk for row in rows]
    with CaptureQueriesContext(connection) as seen:
        page = paged(rows, QueryDict("page=999"), size=SIZE)
    assert "OFFSET" not in seen.captured_queries[-1]["sql"]
    assert [row.pk for row in page.rows] == wanted[(page.pages - 1) * SIZE :]


@pytest.mark.parametrize(
    "place",
    [
        "x",
        "!!",
        "WyJhIl0",
        "WzEsMl0",
        "WyJcdWQ4MDAiLCAiMSJd",
        "WyJhXHUwMDAwIiwgIjEiXQ",
        "W10" * 900,
    ],
)
def test_a_place_nobody_gave_out_is_ignored(place: str, boxes: QuerySet[Mailbox]) -> None:
    rows = boxes.order_by("address__email", "pk")
    usual = paged(rows, QueryDict("page=2"), size=SIZE)
    found = paged(rows, QueryDict(f"page=2&after={place}"), size=SIZE)
    assert list(found.rows) == list(usual.rows)


def test_an_order_by_something_that_may_be_empty_is_counted_through(world: World) -> None:
    rows = Address.objects.filter(tenant=world.tenant).order_by("mailbox__owner__name", "pk")
    page = paged(rows, QueryDict(""), size=1)
    assert (page.before, page.after) == ("", "")


def test_counting_ends_where_it_would_tell_nothing_more(boxes: QuerySet[Mailbox]) -> None:
    page = paged(boxes.order_by("pk"), QueryDict("page=99"), size=SIZE, at_most=6)
    assert (page.total, page.is_cut, page.pages, len(page.rows)) == (6, True, 2, 3)
