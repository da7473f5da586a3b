"""Between a form and a service: what the service refuses is shown at the field it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

from portal.errors import Conflict, InvalidInput, LimitReached

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import BaseForm

P = ParamSpec("P")
Result = TypeVar("Result")


def attempt(
    form: BaseForm, service: Callable[P, Result], *args: P.args, **kwargs: P.kwargs
) -> Result | None:
    """Call `service` and return its result; None when it refused, with the words on the form.

    Only refusals that the person can mend here are caught; NotFound and Forbidden go on.
    """
    try:
        return service(*args, **kwargs)
    except (InvalidInput, Conflict, LimitReached) as refusal:
        form.add_error(
            refusal.field if refusal.field in form.fields else None, str(refusal.message)
        )
        return None
