"""What Django says by itself is said in the reader's language too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.password_validation import (
    get_default_password_validators,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.forms import Form
from django.utils import translation

import accounts.forms
import domains.forms
import webmail.forms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

FORMS: tuple[ModuleType, ...] = (accounts.forms, domains.forms, webmail.forms)
# One password that each rule refuses
REFUSED = ("ngắn", "1234567890", "aaaaaaaaaaaa", "P@ssw0rd123", "x\ny nhiều chữ", " hai đầu trống ")


def messages_of_forms() -> Iterator[tuple[str, object]]:
    """Yield every sentence that a field of a form can answer with, and where."""
    for module in FORMS:
        for form in vars(module).values():
            if not isinstance(form, type) or not issubclass(form, Form):
                continue
            for name, field in form.base_fields.items():
                yield from ((f"{form}.{name}", text) for text in field.error_messages.values())
                for validator in field.validators:
                    if text := getattr(validator, "message", None):
                        yield f"{form}.{name}", text


def test_every_sentence_a_form_can_answer_with_is_vietnamese() -> None:
    english: dict[str, str] = {}
    seen = 0
    for where, text in messages_of_forms():
        with translation.override("en"):
            original = str(text)
        with translation.override("vi"):
            # a plural without its number says nothing yet
            if original and str(text) == original:
                english[where] = original
        seen += 1
    assert seen > 100
    assert english == {}


@pytest.mark.parametrize("password", REFUSED)
def test_a_refused_password_is_told_in_vietnamese(password: str) -> None:
    def told() -> list[str]:
        with pytest.raises(ValidationError) as refused:
            validate_password(password)
        return refused.value.messages

    with translation.override("en"):
        english = told()
    with translation.override("vi"):
        vietnamese = told()
    assert set(english).isdisjoint(vietnamese)
    assert len(get_default_password_validators()) == 6
