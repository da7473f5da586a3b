"""What the columns of an imported table mean, and what a row of them says. Pure: no database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from domains.names import (
    RESERVED_LOCALPARTS,
    NameRefused,
    fold,
    parse_address,
    parse_display_name,
    parse_domain_name,
    parse_localpart,
)
from portal.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from django.utils.functional import _StrPromise


class Column(StrEnum):
    """What a column of the file holds."""

    ADDRESS = "address"
    DOMAIN = "domain"
    NAME = "name"
    QUOTA = "quota"
    ALIASES = "aliases"
    PASSWORD = "password"  # noqa: S105 - the name of a column
    INVITE = "invite"
    GROUPS = "groups"
    TARGETS = "targets"
    KIND = "kind"
    COMPANY = "company"
    PLAN = "plan"
    DOMAINS = "domains"
    ADMIN_NAME = "admin_name"
    ADMIN = "admin"
    LANGUAGE = "language"


LABELS: dict[Column, _StrPromise] = {
    Column.ADDRESS: gettext_lazy("Address"),
    Column.DOMAIN: gettext_lazy("Domain"),
    Column.NAME: gettext_lazy("Name"),
    Column.QUOTA: gettext_lazy("Storage"),
    Column.ALIASES: gettext_lazy("Aliases"),
    Column.GROUPS: gettext_lazy("Groups"),
    Column.PASSWORD: gettext_lazy("Password hash"),
    Column.INVITE: gettext_lazy("Send the link to"),
    Column.TARGETS: pgettext_lazy("column of an import", "Delivers to"),
    Column.KIND: gettext_lazy("Kind"),
    Column.COMPANY: gettext_lazy("Customer"),
    Column.PLAN: gettext_lazy("Plan"),
    Column.DOMAINS: gettext_lazy("Domains"),
    Column.ADMIN_NAME: gettext_lazy("Admin's name"),
    Column.ADMIN: gettext_lazy("Admin's mail address"),
    Column.LANGUAGE: gettext_lazy("Language"),
}
MAILBOX_COLUMNS = (
    Column.ADDRESS,
    Column.DOMAIN,
    Column.NAME,
    Column.QUOTA,
    Column.ALIASES,
    Column.GROUPS,
    Column.PASSWORD,
    Column.INVITE,
)
TARGET_COLUMNS = (Column.ADDRESS, Column.DOMAIN, Column.TARGETS)
CUSTOMER_COLUMNS = (
    Column.COMPANY,
    Column.PLAN,
    Column.DOMAINS,
    Column.ADMIN_NAME,
    Column.ADMIN,
    Column.LANGUAGE,
    Column.KIND,
)
# Words of headings in English and Vietnamese, without marks; the first that fits wins.
_WORDS: dict[Column, tuple[str, ...]] = {
    Column.KIND: ("kind", "type", "loai"),
    Column.ADMIN_NAME: (
        "admin s name", "admin name", "administrator name", "contact name", "ten quan tri",
        "ten nguoi quan tri", "ten nguoi lien he", "nguoi lien he", "nguoi dai dien", "contact person",
    ),
    Column.ADMIN: (
        "admin s mail", "admin mail", "admin e mail", "admin email", "email", "e mail", "mail",
        "thu dien tu", "dia chi thu", "dia chi quan tri", "admin", "quan tri", "contact",
    ),
    Column.DOMAINS: ("domain", "ten mien", "website"),
    Column.PLAN: ("plan", "package", "goi", "cuoc"),
    Column.LANGUAGE: ("language", "lang", "ngon ngu"),
    Column.COMPANY: (
        "customer", "company", "organisation", "organization", "tenant", "name", "khach hang",
        "cong ty", "to chuc", "doanh nghiep", "don vi", "ten",
    ),
    Column.INVITE: (
        "send the link to", "invite", "invitation", "recovery", "private", "personal",
        "gui loi moi", "gui lien ket", "ca nhan", "khoi phuc", "loi moi",
    ),
    Column.PASSWORD: ("password", "hash", "mat khau", "passwd"),
    Column.GROUPS: ("group", "member of", "mailing list", "nhom"),
    Column.ALIASES: ("alias", "bi danh"),
    Column.TARGETS: (
        "target", "goto", "go to", "destination", "delivers to", "forward", "passes", "members",
        "chuyen den", "chuyen tiep", "giao den", "gui den", "den dia chi", "dich",
    ),
    Column.QUOTA: ("quota", "storage", "size", "dung luong", "han muc", "luu tru"),
    Column.DOMAIN: ("domain", "ten mien"),
    Column.ADDRESS: (
        "address", "mail", "mailbox", "local part", "localpart", "user", "login", "account",
        "dia chi", "hop thu", "thu dien tu", "tai khoan", "ten dang nhap", "alias", "bi danh",
    ),
    Column.NAME: ("name", "ho ten", "ho va ten", "ten", "nhan vien", "employee"),
}  # fmt: skip
_UNITS = {"": 10**9, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
          "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12,
          "mib": 2**20, "gib": 2**30, "tib": 2**40}  # fmt: skip
_SIZE = re.compile(r"([0-9][0-9.,\u00a0 ]*)\s*([a-z]*)\Z")
_UNLIMITED = {"unlimited", "none", "no limit", "khong gioi han", "0"}
SPLIT = re.compile(r"[\s,;|]+")
FORMULA = ("=", "+", "-", "@")
MAX_ALIASES = 20
MAX_GROUPS = 20
MAX_MEMBERS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row. `suggestion` is what the cell `column` could say instead."""

    words: str
    column: Column | None = None
    suggestion: str = ""


@dataclass(slots=True)
class Reading:
    """What one row says. `email` is empty when the address could not be read."""

    email: str = ""
    domain: str = ""
    localpart: str = ""
    name: str = ""
    quota_bytes: int | None = None  # None: the column is empty
    aliases: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)  # to be a member of
    targets: list[str] = field(default_factory=list)
    password: str = ""  # stored form; empty: by a link
    invite: str = ""
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def claims(self) -> list[str]:
        """What no other row of the file may want too."""
        return [self.email] if self.email else []


@dataclass(frozen=True, slots=True)
class Ground:
    """What rows are read against: the tenant's domains, the one for bare names, and quotas."""

    domains: Collection[str]  # A-labels of proved domains
    default_domain: str  # empty: a bare name is refused
    check_quota: Callable[[int], None]  # raises InvalidInput
    read_hash: Callable[[str], str]  # raises InvalidInput
    groups: Collection[str] = ()  # addresses of the tenant's groups
    near: dict[str, str] = field(default_factory=dict)  # of unknown domains seen: the one meant


def guess_columns(cells: Sequence[str], wanted: Collection[Column]) -> list[Column | None]:
    """Return what each column seems to hold, by its heading; None: leave it out."""
    found: list[Column | None] = [None] * len(cells)
    for column, words in _WORDS.items():
        if column not in wanted:
            continue
        headings = [re.sub(r"[\W_]+", " ", fold(cell)).strip() for cell in cells]
        for word in words:
            place = next(
                (
                    i
                    for i, heading in enumerate(headings)
                    if found[i] is None and re.search(rf"\b{word}", heading)
                ),
                None,
            )
            if place is not None:
                found[place] = column
                break
    return found


def is_heading(cells: Sequence[str]) -> bool:
    """Return whether the first row names the columns: nothing in it is an address or a number."""
    return not any("@" in cell or cell.strip().isdigit() for cell in cells)


def columns_by_content(cells: Sequence[str], wanted: Collection[Column]) -> list[Column | None]:
    """Return a guess for a file without headings: first address, then a name, then a size."""
    found: list[Column | None] = []
    for cell in cells:
        plain = fold(cell)
        guess = None
        if Column.COMPANY in wanted:
            guess = _customer_by_content(cell)
        elif "@" in cell:
            guess = Column.TARGETS if Column.ADDRESS in found else Column.ADDRESS
        elif _SIZE.match(plain):
            guess = Column.QUOTA
        elif plain:
            guess = Column.NAME
        found.append(guess if guess in wanted and guess not in found else None)
    return found


def _customer_by_content(cell: str) -> Column | None:
    if "@" in cell:
        return Column.ADMIN
    if re.fullmatch(r"[^\s.]+(\.[^\s.]+)+", cell.strip()):
        return Column.DOMAINS
    return Column.COMPANY if cell.strip() else None


def read_row(values: Mapping[str, str], ground: Ground, *, with_targets: bool) -> Reading:
    """Return what a row says, with every problem in words. `values` maps columns to cells."""
    reading = Reading()
    _read_address(values, ground, reading)
    if with_targets:
        _read_targets(values, reading)
        return reading
    _read_name(values, reading)
    _read_quota(values, ground, reading)
    _read_aliases(values, ground, reading)
    _read_groups(values, ground, reading)
    _read_password(values, ground, reading)
    return reading


def parse_size(text: str) -> int | None:
    """Return bytes of «10 GB», «10,5GB», «500 MB», «10» (gigabytes); 0 for no limit; None: unreadable."""
    plain = fold(text).strip()
    if plain in _UNLIMITED:
        return 0
    matched = _SIZE.match(plain)
    if matched is None or matched[2] not in _UNITS:
        return None
    number = matched[1].replace(" ", "").replace("\u00a0", "").rstrip(".,")
    comma, dot = number.rfind(","), number.rfind(".")
    mark = max(comma, dot)
    if mark >= 0:
        whole = re.sub(r"[.,]", "", number[:mark])
        # «1.000» and «1,000» are thousands in one language and one in the other; ask instead
        if len(number) - mark - 1 == 3 and min(comma, dot) < 0:
            return None
        number = f"{whole}.{number[mark + 1 :]}"
    try:
        return int(Decimal(number) * _UNITS[matched[2]])
    except InvalidOperation:
        return None


def _read_address(values: Mapping[str, str], ground: Ground, reading: Reading) -> None:
    typed = values.get(Column.ADDRESS, "").strip().removeprefix("'")
    local, at, host = typed.rpartition("@")
    if not at:
        local, host = typed, values.get(Column.DOMAIN, "").strip() or ground.default_domain
    if not typed:
        reading.problems.append(Problem(_("The address is missing."), Column.ADDRESS))
        return
    if not host:
        reading.problems.append(Problem(_("The part after the @ sign is missing."), Column.ADDRESS))
        return
    try:
        domain = str(parse_domain_name(host))
    except NameRefused as exc:
        reading.problems.append(Problem(str(exc.message), Column.ADDRESS))
        return
    if domain not in ground.domains:
        if domain not in ground.near:
            found = get_close_matches(domain, ground.domains, 1, 0.75)
            ground.near[domain] = found[0] if found else ""
        near = ground.near[domain]
        reading.problems.append(
            Problem(
                _("%(domain)s is not a proved domain of yours.") % {"domain": host},
                Column.ADDRESS,
                f"{local}@{near}" if near else "",
            )
        )
        return
    try:
        localpart = parse_localpart(local).text
    except NameRefused as exc:
        better = re.sub(r"[^a-z0-9._-]+", ".", fold(local)).strip(".-")
        better = re.sub(r"\.{2,}", ".", better)
        reading.problems.append(
            Problem(
                str(exc.message),
                Column.ADDRESS,
                f"{better}@{domain}" if better and better != local else "",
            )
        )
        return
    if localpart in RESERVED_LOCALPARTS:
        reading.problems.append(
            Problem(_("postmaster and abuse are aliases of every domain already."), Column.ADDRESS)
        )
        return
    reading.localpart, reading.domain, reading.email = localpart, domain, f"{localpart}@{domain}"


def _read_name(values: Mapping[str, str], reading: Reading) -> None:
    typed = values.get(Column.NAME, "").strip().removeprefix("'")
    if typed.startswith(FORMULA):
        reading.problems.append(
            Problem(
                _("The name begins like a formula (%(sign)s).") % {"sign": typed[0]},
                Column.NAME,
                typed.lstrip("=+-@ ").partition("(")[0].partition("|")[0],
            )
        )
        return
    if not typed and reading.localpart:
        typed = " ".join(w.capitalize() for w in re.split(r"[._-]+", reading.localpart) if w)
        reading.notes.append(_("The name is missing; “%(name)s” is used.") % {"name": typed})
    try:
        reading.name = parse_display_name(typed)
    except NameRefused as exc:
        if reading.localpart or typed:
            reading.problems.append(Problem(str(exc.message), Column.NAME, " ".join(typed.split())))


def _read_quota(values: Mapping[str, str], ground: Ground, reading: Reading) -> None:
    typed = values.get(Column.QUOTA, "").strip()
    if not typed:
        return
    size = parse_size(typed)
    if size is None:
        better = fold(typed).replace("o", "0").replace("l", "1").upper()
        better = re.sub(r"(\d)([A-Z])", r"\1 \2", better)
        reading.problems.append(
            Problem(
                _("“%(text)s” is no size such as 10 GB or 500 MB.") % {"text": typed[:40]},
                Column.QUOTA,
                better if parse_size(better) is not None else "",
            )
        )
        return
    try:
        ground.check_quota(size)
    except InvalidInput as exc:
        reading.problems.append(Problem(str(exc.message), Column.QUOTA))
        return
    reading.quota_bytes = size


def _read_aliases(values: Mapping[str, str], ground: Ground, reading: Reading) -> None:
    typed = [part for part in SPLIT.split(values.get(Column.ALIASES, "")) if part]
    if len(typed) > MAX_ALIASES:
        reading.problems.append(
            Problem(_("At most %(max)d aliases in one row.") % {"max": MAX_ALIASES}, Column.ALIASES)
        )
        return
    for text in typed:
        inner = Reading()
        own: dict[str, str] = {
            Column.ADDRESS: text if text.strip("@") != text.rstrip("@") else text.rstrip("@")
        }
        _read_address(
            own,
            replace(ground, default_domain=reading.domain or ground.default_domain),
            inner,
        )
        if inner.problems:
            reading.problems.append(
                Problem(f"“{text[:60]}”: {inner.problems[0].words}", Column.ALIASES)
            )
        elif inner.email != reading.email and inner.email not in reading.aliases:
            reading.aliases.append(inner.email)


def _read_groups(values: Mapping[str, str], ground: Ground, reading: Reading) -> None:
    typed = [part.removeprefix("'") for part in SPLIT.split(values.get(Column.GROUPS, "")) if part]
    if len(typed) > MAX_GROUPS:
        words = _("At most %(max)d groups in one row.") % {"max": MAX_GROUPS}
        reading.problems.append(Problem(words, Column.GROUPS))
        return
    for place, text in enumerate(typed):
        host = reading.domain or ground.default_domain
        try:
            group = str(parse_address(text if "@" in text else f"{text}@{host}"))
        except NameRefused as exc:
            reading.problems.append(Problem(f"“{text[:60]}”: {exc.message}", Column.GROUPS))
            continue
        if group in ground.groups:
            if group not in reading.groups:
                reading.groups.append(group)
            continue
        near = get_close_matches(group, list(ground.groups), 1, 0.7)
        better = [*typed[:place], near[0], *typed[place + 1 :]] if near else []
        words = _("There is no group %(address)s. Make it first.") % {"address": group}
        reading.problems.append(Problem(words, Column.GROUPS, " ".join(better)))


def _read_password(values: Mapping[str, str], ground: Ground, reading: Reading) -> None:
    typed = values.get(Column.PASSWORD, "").strip()
    if typed:
        try:
            reading.password = ground.read_hash(typed)
        except InvalidInput as exc:
            reading.problems.append(Problem(str(exc.message), Column.PASSWORD))
    invite = values.get(Column.INVITE, "").strip().lower()
    if not invite or typed:
        return
    try:
        validate_email(invite)
    except ValidationError:
        reading.problems.append(
            Problem(_("“%(text)s” is no mail address.") % {"text": invite[:60]}, Column.INVITE)
        )
        return
    if invite == reading.email:
        reading.problems.append(
            Problem(
                _("The link cannot go to the mailbox that it opens. Give an address outside."),
                Column.INVITE,
            )
        )
        return
    reading.invite = invite


def _read_targets(values: Mapping[str, str], reading: Reading) -> None:
    typed = [part for part in SPLIT.split(values.get(Column.TARGETS, "")) if part]
    if not typed:
        reading.problems.append(
            Problem(_("It is not said where mail is delivered to."), Column.TARGETS)
        )
    if len(typed) > MAX_MEMBERS:
        reading.problems.append(
            Problem(_("At most %(max)d targets in one row.") % {"max": MAX_MEMBERS}, Column.TARGETS)
        )
        return
    for text in typed:
        try:
            target = str(parse_address(text.removeprefix("'")))
        except NameRefused as exc:
            reading.problems.append(Problem(f"“{text[:60]}”: {exc.message}", Column.TARGETS))
            continue
        if target not in reading.targets:
            reading.targets.append(target)
