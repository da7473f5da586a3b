"""Addresses, ways back, sorting and gigabytes."""

from __future__ import annotations

import pytest
from django import forms
from django.http import QueryDict
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import Conflict, InvalidInput, NotFound
from portal.fields import GigabytesField
from portal.forms import attempt
from portal.http import client_ip, safe_next
from portal.sorting import sorting


@given(st.text(max_size=80))
def test_a_way_back_is_a_path_of_this_site_or_the_default(wanted: str) -> None:
    way = safe_next(wanted, "/default/")
    assert way == "/default/" or (way.startswith("/") and not way.startswith(("//", "/\\")))
    assert "\n" not in way
    assert "\r" not in way


@pytest.mark.parametrize("wanted", ["/", "/mail/", "/portal/1/?q=a%20b#c"])
def test_a_path_is_kept(wanted: str) -> None:
    assert safe_next(wanted, "/default/") == wanted


@pytest.mark.parametrize(
    "wanted", [None, "", "mail/", "//e.test", "/\\e.test", "http://e.test/", "/\t/e.test"]
)
def test_what_leads_away_is_not(wanted: str | None) -> None:
    assert safe_next(wanted, "/default/") == "/default/"


def test_only_the_last_forwarded_address_is_believed() -> None:
    factory = RequestFactory()
    request = factory.get("/", headers={"X-Forwarded-For": "1.2.3.4, 192.0.2.9"})
    assert client_ip(request) == "192.0.2.9"


@pytest.mark.parametrize("forwarded", ["", "nonsense", "1.2.3.4, <script>"])
def test_a_broken_address_falls_back(forwarded: str) -> None:
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})
    assert client_ip(request) == "127.0.0.1"


COLUMNS = {"name": ("name",), "plan": ("plan__name", "name")}


def test_a_column_turns_around_when_chosen_again() -> None:
    order = sorting(QueryDict("sort=plan&q=a&page=3"), COLUMNS, default="name")
    assert order.order_by == ("plan__name", "name", "pk")
    assert order.link("plan") == "?q=a&sort=-plan"
    assert order.link("name") == "?q=a&sort=name"
    assert (order.aria("plan"), order.aria("name")) == ("ascending", "none")


def test_a_turned_column_turns_every_field() -> None:
    order = sorting(QueryDict("sort=-plan"), COLUMNS, default="name")
    assert order.order_by == ("-plan__name", "-name", "-pk")
    assert order.aria("plan") == "descending"


@pytest.mark.parametrize("asked", ["password", "-", "name;drop", "--name"])
def test_an_unknown_column_is_the_default(asked: str) -> None:
    assert sorting(QueryDict(f"sort={asked}"), COLUMNS, default="-name").order_by == (
        "-name",
        "-pk",
    )


@pytest.mark.parametrize(("typed", "size"), [("1", 10**9), ("0.5", 5 * 10**8), ("", None)])
def test_gigabytes_become_bytes(typed: str, size: int | None) -> None:
    assert GigabytesField(required=False).clean(typed) == size


@pytest.mark.parametrize("typed", ["0", "-1", "abc", "1e99", "NaN", "1.234"])
def test_what_is_no_size_is_refused(typed: str) -> None:
    with pytest.raises(forms.ValidationError):
        GigabytesField(required=False).clean(typed)


def test_bytes_are_shown_as_gigabytes() -> None:
    assert GigabytesField().prepare_value(1_500_000_000) == "1.5"


class AForm(forms.Form):
    name = forms.CharField()


def refuse(error: Exception) -> None:
    raise error


def test_a_refusal_lands_at_its_field() -> None:
    form = AForm({"name": "x"})
    assert form.is_valid()
    assert attempt(form, refuse, InvalidInput("Too short.", field="name")) is None
    assert form.errors == {"name": ["Too short."]}


def test_a_refusal_about_the_whole_lands_above() -> None:
    form = AForm({"name": "x"})
    assert form.is_valid()
    attempt(form, refuse, Conflict("Taken.", field="unknown"))
    assert form.non_field_errors() == ["Taken."]


def test_what_cannot_be_mended_goes_on() -> None:
    form = AForm({"name": "x"})
    assert form.is_valid()
    with pytest.raises(NotFound):
        attempt(form, refuse, NotFound())
