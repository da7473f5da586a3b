"""What a row of a table of customers says. Pure: no database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from domains.columns import FORMULA, SPLIT, Column, Problem
from domains.names import NameRefused, fold, parse_domain_name

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_NAME = 120
MAX_DOMAINS = 20
MAX_NAMED = 6  # plans that a refusal names
_LANGUAGES = {
    "vi": ("vi", "vn", "vietnamese", "tieng viet", "viet", "viet nam"),
    "en": ("en", "english", "tieng anh", "anh"),
}
COMPANY, RESELLER = "company", "reseller"  # as accounts.models.TenantKind has them
_KINDS = {
    COMPANY: ("company", "customer", "cong ty", "khach hang", "doanh nghiep", "to chuc"),
    RESELLER: ("reseller", "partner", "dai ly", "nha phan phoi"),
}


@dataclass(frozen=True, slots=True)
class PlanOffered:
    """A plan that a customer may be put on; `max_domains` None: no limit."""

    pk: int
    name: str
    max_domains: int | None


@dataclass(frozen=True, slots=True)
class CustomerGround:
    """What rows are read against: the plans sold, by `key_of` their name."""

    plans: Mapping[str, PlanOffered]


@dataclass(slots=True)
class CustomerReading:
    """What one row says. `company` is empty when the name could not be read."""

    company: str = ""
    kind: str = COMPANY
    plan_id: int | None = None
    domains: list[str] = field(default_factory=list)
    admin_name: str = ""
    admin: str = ""
    language: str = ""
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def claims(self) -> list[str]:
        """What no other row of the file may want too: the name and the domains."""
        return [claim_of(self.company), *self.domains] if self.company else [*self.domains]


def key_of(name: str) -> str:
    """Return what two names must not share: single spaces, no matter the case."""
    return " ".join(name.split()).casefold()


def claim_of(company: str) -> str:
    """Return the name of a company as a claim, which no domain can look like."""
    return f"={key_of(company)}"


def read_customer(values: Mapping[str, str], ground: CustomerGround) -> CustomerReading:
    """Return what a row says, with every problem in words. `values` maps columns to cells."""
    reading = CustomerReading()
    reading.company = _read_name(values, Column.COMPANY, reading)
    if not reading.company and not reading.problems:
        reading.problems.append(Problem(_("The name of the customer is missing."), Column.COMPANY))
    reading.admin_name = _read_name(values, Column.ADMIN_NAME, reading)
    _read_admin(values, reading)
    _read_domains(values, reading)
    _note_admin_that_moves(reading)
    _read_plan(values, ground, reading)
    _read_language(values, reading)
    _read_kind(values, reading)
    return reading


def _read_name(values: Mapping[str, str], column: Column, reading: CustomerReading) -> str:
    typed = " ".join(values.get(column, "").removeprefix("'").split())
    if typed.startswith(FORMULA):
        words = _("The name begins like a formula (%(sign)s).") % {"sign": typed[0]}
        better = typed.lstrip("=+-@ ").partition("(")[0].partition("|")[0]
        reading.problems.append(Problem(words, column, better))
        return ""
    if not typed.isprintable():
        words = _("Please give a name without control characters.")
        better = "".join(c for c in typed if c.isprintable())
        reading.problems.append(Problem(words, column, better))
        return ""
    if len(typed) > MAX_NAME:
        words = _("Please give a name of at most 120 characters.")
        reading.problems.append(Problem(words, column, typed[:MAX_NAME].strip()))
        return ""
    return typed


def _read_admin(values: Mapping[str, str], reading: CustomerReading) -> None:
    typed = values.get(Column.ADMIN, "").strip().removeprefix("'").lower()
    if not typed:
        reading.problems.append(
            Problem(
                _("The mail address of the admin is missing: the invitation goes there."),
                Column.ADMIN,
            )
        )
        return
    if _is_address(typed):
        reading.admin = typed
        return
    better = re.sub(r"\s+", "", fold(typed)).replace(",", ".").strip(".;<>")
    reading.problems.append(
        Problem(
            _("“%(text)s” is no mail address.") % {"text": typed[:60]},
            Column.ADMIN,
            better if _is_address(better) else "",
        )
    )


def _note_admin_that_moves(reading: CustomerReading) -> None:
    place = reading.admin.rpartition("@")[2]
    if place in reading.domains:
        reading.notes.append(
            _(
                "The admin's address is in %(domain)s, which moves: his invitation may not reach him."
            )
            % {"domain": place}
        )


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def _read_domains(values: Mapping[str, str], reading: CustomerReading) -> None:
    typed = [part for part in SPLIT.split(values.get(Column.DOMAINS, "")) if part]
    if not typed:
        reading.notes.append(_("No domain is named; the admin can add some later."))
    if len(typed) > MAX_DOMAINS:
        words = _("At most %(max)d domains in one row.") % {"max": MAX_DOMAINS}
        reading.problems.append(Problem(words, Column.DOMAINS))
        return
    for text in typed:
        try:
            name = parse_domain_name(text.removeprefix("'")).a_label
        except NameRefused as exc:
            better = [_better_domain(one) for one in typed]
            reading.problems.append(
                Problem(
                    f"“{text[:60]}”: {exc.message}",
                    Column.DOMAINS,
                    " ".join(better) if all(better) and better != typed else "",
                )
            )
            continue
        if name not in reading.domains:
            reading.domains.append(name)


def _better_domain(text: str) -> str:
    """Return the domain inside a web address or a mail address, «» when there is none."""
    bare = re.sub(r"^[a-z]+://", "", text.strip().lower()).rpartition("@")[2]
    bare = bare.partition("/")[0].partition(":")[0].strip(".").removeprefix("www.")
    try:
        parse_domain_name(bare)
    except NameRefused:
        return ""
    return bare


def _read_plan(values: Mapping[str, str], ground: CustomerGround, reading: CustomerReading) -> None:
    typed = values.get(Column.PLAN, "").strip().removeprefix("'")
    if not typed:
        if ground.plans:
            reading.notes.append(_("No plan is named, so nothing limits the customer."))
        return
    plan = ground.plans.get(key_of(typed))
    if plan is None:
        plain = {fold(known.name): known.name for known in ground.plans.values()}
        near = get_close_matches(fold(typed), list(plain), 1, 0.5)
        reading.problems.append(
            Problem(
                _no_such_plan(typed[:60], ground),
                Column.PLAN,
                plain[near[0]] if near else "",
            )
        )
        return
    reading.plan_id = plan.pk
    if plan.max_domains is not None and len(reading.domains) > plan.max_domains:
        words = ngettext(
            "The plan %(plan)s allows %(n)d domain, the row names %(m)d.",
            "The plan %(plan)s allows %(n)d domains, the row names %(m)d.",
            plan.max_domains,
        )
        reading.problems.append(
            Problem(
                words % {"plan": plan.name, "n": plan.max_domains, "m": len(reading.domains)},
                Column.DOMAINS,
            )
        )


def _no_such_plan(typed: str, ground: CustomerGround) -> str:
    if not ground.plans:
        words = _("“%(plan)s” is no plan of yours. Make it under Plans and limits, or name none.")
        return words % {"plan": typed}
    names = [plan.name for plan in ground.plans.values()]
    return _("“%(plan)s” is no plan of yours. You have %(plans)s.") % {
        "plan": typed,
        "plans": ", ".join(names[:MAX_NAMED]) + (", …" if len(names) > MAX_NAMED else ""),
    }


def _read_language(values: Mapping[str, str], reading: CustomerReading) -> None:
    typed = values.get(Column.LANGUAGE, "").strip()
    code, near = _one_of(_LANGUAGES, typed)
    if typed and not code:
        words = _("“%(text)s” is no language of these pages. Write vi or en, or leave it empty.")
        reading.problems.append(Problem(words % {"text": typed[:40]}, Column.LANGUAGE, near))
    reading.language = code


def _read_kind(values: Mapping[str, str], reading: CustomerReading) -> None:
    typed = values.get(Column.KIND, "").strip().removeprefix("'")
    code, near = _one_of(_KINDS, typed)
    if typed and not code:
        words = _(
            "“%(text)s” is no kind of customer. Write company or reseller; empty is a company."
        )
        reading.problems.append(Problem(words % {"text": typed[:40]}, Column.KIND, near))
    reading.kind = code or COMPANY


def _one_of(known: Mapping[str, tuple[str, ...]], typed: str) -> tuple[str, str]:
    """Return the code that `typed` means, empty for none, and the one it may have meant."""
    plain = fold(typed).strip()
    codes = {word: code for code, words in known.items() for word in words}
    near = get_close_matches(plain, list(codes), 1, 0.6) if plain else []
    return codes.get(plain, ""), codes[near[0]] if near else ""
