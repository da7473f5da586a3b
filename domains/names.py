"""Domain names, local parts and mail addresses: read once, refused in words, or normal for good.

What is decided here:

* A domain name is stored as lower-case A-labels (RFC 5890) without trailing dot. One trailing dot
  is accepted in a domain name, because `example.vn.` is merely the absolute spelling of the same
  name; in an address it is refused, because RFC 5321 section 4.1.2 has no place for it.
* Decomposed letters (NFD, as macOS types them) are composed. Characters that Unicode calls
  compatible with another (full-width letters, ligatures, circled digits) are refused instead of
  mapped: what a person reads must be what is stored.
* Labels that mix Latin with look-alike alphabets are refused (UTS 39 in its simplest form).
* A local part we host has only a–z, 0–9, dot, hyphen and underscore. `+` separates the tag of plus
  addresses and therefore cannot be part of a name. Addresses elsewhere may use the rest of
  RFC 5321's atext, but never what a shell, a bang path or a percent hack would read.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

import idna
from django.utils.translation import gettext_lazy as _
from publicsuffixlist import PublicSuffixList

from portal.errors import InvalidInput
from portal.idn import readable

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MAX_DOMAIN_BYTES = 253  # RFC 1035 section 2.3.4, without the root's dot
MAX_LABEL_BYTES = 63
MAX_LOCALPART_BYTES = 64  # RFC 5321 section 4.5.3.1.1
MAX_DISPLAY_CHARACTERS = 120
MAX_ADDRESS_BYTES = 254  # RFC 5321 section 4.5.3.1.3, without the angle brackets
RESERVED_LOCALPARTS = ("postmaster", "abuse")  # RFC 2142: routed by default
DAEMON_LOCALPARTS = frozenset({"mailer-daemon", "double-bounce"})

# RFC 6761 and its followers: names that never lead to a mail host. `test` and `example` stay
# usable, because the demo and every trial installation live there.
_SPECIAL_TOP = frozenset(
    {"localhost", "local", "localdomain", "invalid", "onion", "internal", "arpa", "alt", "lan"}
)
_MIXABLE = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"}
_HOSTED = re.compile(r"[a-z0-9._-]+\Z")
_ATEXT = re.compile(r"[a-z0-9.#$&'*+=?^_`{}~-]+\Z")
_DOTS = re.compile("[\u3002\uff0e\uff61]")


class NameProblem(StrEnum):
    """Why a name is refused; the code of the error."""

    EMPTY = "name_empty"
    TOO_LONG = "name_too_long"
    LABEL_TOO_LONG = "label_too_long"
    EMPTY_LABEL = "label_empty"
    HYPHEN = "label_hyphen"
    CHARACTER = "name_character"
    LOOKALIKE = "name_lookalike"
    MIXED_ALPHABETS = "name_mixed_alphabets"
    ADDRESS_NOT_NAME = "name_is_address"
    WEB_ADDRESS = "name_is_url"
    IP_ADDRESS = "name_is_ip"
    NO_DOT = "name_without_dot"
    SPECIAL = "name_special"
    PUBLIC_SUFFIX = "name_public_suffix"
    TRAILING_DOT = "address_trailing_dot"
    NO_AT = "address_without_at"
    MANY_AT = "address_many_at"
    LOCAL_EMPTY = "localpart_empty"
    LOCAL_TOO_LONG = "localpart_too_long"
    LOCAL_DOTS = "localpart_dots"
    LOCAL_ACCENTS = "localpart_accents"
    LOCAL_CHARACTER = "localpart_character"
    LOCAL_TAG = "localpart_tag"
    LOCAL_PROGRAM = "localpart_program"
    LOCAL_DAEMON = "localpart_daemon"
    ADDRESS_TOO_LONG = "address_too_long"
    DISPLAY_EMPTY = "display_name_empty"
    DISPLAY_TOO_LONG = "display_name_too_long"
    DISPLAY_CONTROL = "display_name_control"


_WORDS: dict[NameProblem, _StrPromise] = {
    NameProblem.EMPTY: _("Enter a domain name, for example congty.vn."),
    NameProblem.TOO_LONG: _("This name is too long: a domain name has at most 253 characters."),
    NameProblem.LABEL_TOO_LONG: _(
        "The part between two dots is too long: at most 63 characters, fewer with accents."
    ),
    NameProblem.EMPTY_LABEL: _("Two dots follow each other, or a dot stands first. Remove one."),
    NameProblem.HYPHEN: _(
        "A hyphen may not stand first, last, or third and fourth in a part of the name."
    ),
    NameProblem.CHARACTER: _(
        "The name contains a character that domain names cannot have. "
        "Use letters, digits and hyphens."
    ),
    NameProblem.LOOKALIKE: _(
        "The name contains characters that only look like ordinary letters, such as full-width "
        "ones. Type it again with ordinary letters."
    ),
    NameProblem.MIXED_ALPHABETS: _(
        "The name mixes alphabets whose letters look alike. Type it again in one alphabet."
    ),
    NameProblem.ADDRESS_NOT_NAME: _("This is a mail address. Enter only what follows the @ sign."),
    NameProblem.WEB_ADDRESS: _(
        "Enter only the name, without https://, port or path: for example congty.vn."
    ),
    NameProblem.IP_ADDRESS: _("This is a number of a machine. Enter its domain name instead."),
    NameProblem.NO_DOT: _("The name is incomplete. It needs an ending, for example .vn or .com."),
    NameProblem.SPECIAL: _("Names with this ending are only valid inside a network."),
    NameProblem.PUBLIC_SUFFIX: _(
        "Others register their names below this ending. Enter your own name in full, "
        "for example congty.com.vn."
    ),
    NameProblem.TRAILING_DOT: _("A mail address may not end with a dot. Remove it."),
    NameProblem.NO_AT: _("A mail address needs an @ sign, for example hoa@congty.vn."),
    NameProblem.MANY_AT: _("A mail address has exactly one @ sign. Write one address only."),
    NameProblem.LOCAL_EMPTY: _("Enter what stands before the @ sign."),
    NameProblem.LOCAL_TOO_LONG: _("The part before the @ sign is too long: at most 64 characters."),
    NameProblem.LOCAL_DOTS: _(
        "Before the @ sign, a dot may not stand first or last, nor two dots follow each other."
    ),
    NameProblem.LOCAL_ACCENTS: _(
        "Addresses have no accents or letters of other alphabets. "
        "Use only a–z, for example ha.tran."
    ),
    NameProblem.LOCAL_CHARACTER: _(
        "The part before the @ sign contains a character that cannot be used there. "
        "Use letters, digits, dots, hyphens and underscores."
    ),
    NameProblem.LOCAL_TAG: _(
        "Leave out the plus sign and what follows: mail to name+anything already arrives at name."
    ),
    NameProblem.LOCAL_PROGRAM: _(
        "Mail can only be passed on to mail addresses, not to programs, files or lists of files."
    ),
    NameProblem.LOCAL_DAEMON: _("This name belongs to the mail system itself. Choose another one."),
    NameProblem.ADDRESS_TOO_LONG: _("This address is too long: at most 254 characters in all."),
    NameProblem.DISPLAY_EMPTY: _("Enter the name that people see beside the address."),
    NameProblem.DISPLAY_TOO_LONG: _("This name is too long: at most 120 characters."),
    NameProblem.DISPLAY_CONTROL: _(
        "The name contains a line break or another invisible character. Type it on one line."
    ),
}


class NameRefused(InvalidInput):
    """A name or address that is not one; `problem` says why, the message also says the way out."""

    def __init__(self, problem: NameProblem, *, field: str = "", detail: str = "") -> None:
        self.problem = problem
        self.code = problem.value
        super().__init__(_WORDS[problem], field=field, detail=detail)


@dataclass(frozen=True, slots=True)
class DomainName:
    """A normal domain name. Made by `parse_domain_name` only."""

    a_label: str  # lower-case ASCII, "xn--hi-vn-zsa.vn", no trailing dot

    def __str__(self) -> str:
        return self.a_label

    @property
    def u_label(self) -> str:
        """The name as a person writes it."""
        return show_domain(self.a_label)

    @property
    def parents(self) -> list[str]:
        """Every name above this one, nearest first, without the top level."""
        labels = self.a_label.split(".")
        return [".".join(labels[i:]) for i in range(1, len(labels) - 1)]


@dataclass(frozen=True, slots=True)
class LocalPart:
    """What stands before the @ of an address we host. Made by `parse_localpart` only."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class MailAddress:
    """A normal address anywhere. Made by `parse_address` only."""

    localpart: str
    domain: DomainName

    def __str__(self) -> str:
        return f"{self.localpart}@{self.domain}"

    @property
    def without_tag(self) -> MailAddress:
        """The same address without `+tag`: where a hosted address of that spelling delivers."""
        return MailAddress(self.localpart.partition("+")[0], self.domain)


def parse_domain_name(text: str, *, allow_public_suffix: bool = False) -> DomainName:
    """Return the normal form of `text`. Raises NameRefused.

    `allow_public_suffix`: true for the right side of foreign addresses only.
    """
    name = _typed(text)
    _refuse_foreign_notation(name)
    name = name.removesuffix(".")
    labels = name.split(".")
    if not all(labels):
        raise NameRefused(NameProblem.EMPTY_LABEL)
    if labels[-1].isdigit():
        raise NameRefused(NameProblem.IP_ADDRESS)
    for label in labels:
        _refuse_label(label)
    try:
        a_label = ".".join(_to_ascii(label) for label in labels)
    except idna.IDNAError as exc:
        raise NameRefused(_idna_problem(exc), detail=str(exc)) from exc
    if len(a_label) > MAX_DOMAIN_BYTES:
        raise NameRefused(NameProblem.TOO_LONG)
    if a_label.rpartition(".")[2] in _SPECIAL_TOP:
        raise NameRefused(NameProblem.SPECIAL)
    if "." not in a_label:
        raise NameRefused(NameProblem.NO_DOT)
    if not allow_public_suffix and _suffixes().is_public(a_label):
        raise NameRefused(NameProblem.PUBLIC_SUFFIX)
    return DomainName(a_label)


def parse_localpart(text: str) -> LocalPart:
    """Return the local part of an address to host. Raises NameRefused."""
    local = _local(text)
    if "+" in local:
        raise NameRefused(NameProblem.LOCAL_TAG)
    if not _HOSTED.match(local):
        raise NameRefused(NameProblem.LOCAL_CHARACTER)
    if local.startswith("-"):  # Postfix refuses it too: a program might read it as an option
        raise NameRefused(NameProblem.LOCAL_CHARACTER)
    if local in DAEMON_LOCALPARTS:
        raise NameRefused(NameProblem.LOCAL_DAEMON)
    return LocalPart(local)


def parse_address(text: str) -> MailAddress:
    """Return an address anywhere, hosted or foreign. Raises NameRefused."""
    address = unicodedata.normalize("NFC", text).strip()
    if _is_program(address):
        raise NameRefused(NameProblem.LOCAL_PROGRAM)
    local, at, domain = address.rpartition("@")
    if not at:
        raise NameRefused(NameProblem.NO_AT)
    if "@" in local:
        raise NameRefused(NameProblem.MANY_AT)
    if domain.endswith("."):
        raise NameRefused(NameProblem.TRAILING_DOT)
    local = _local(local)
    if not _ATEXT.match(local) or local.startswith("-"):
        raise NameRefused(NameProblem.LOCAL_CHARACTER)
    parsed = MailAddress(local, parse_domain_name(domain, allow_public_suffix=True))
    if len(str(parsed)) > MAX_ADDRESS_BYTES:
        raise NameRefused(NameProblem.ADDRESS_TOO_LONG)
    return parsed


def stored_address(text: str, *, field: str) -> str:
    """Return what a person typed as addresses are stored, A-labels. Raises NameRefused on `field`."""
    try:
        return str(parse_address(text))
    except NameRefused as exc:
        raise NameRefused(exc.problem, field=field, detail=exc.detail) from exc


def parse_display_name(text: str) -> str:
    """Return a person's or department's name on one line, composed (NFC). Raises NameRefused.

    Invisible characters are refused, because the name is written into message headers.
    """
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise NameRefused(NameProblem.DISPLAY_EMPTY)
    if any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for c in name):
        raise NameRefused(NameProblem.DISPLAY_CONTROL)
    if len(name) > MAX_DISPLAY_CHARACTERS:
        raise NameRefused(NameProblem.DISPLAY_TOO_LONG)
    return " ".join(name.split())


def fold(text: str) -> str:
    """Return lower case without marks, as the database function domains_fold does: «Đỗ» is `do`."""
    plain = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in plain if not "\u0300" <= c <= "\u036f").replace("đ", "d")


def show_domain(a_label: str) -> str:
    """Return a stored name as a person writes it; a label that cannot be decoded stays as stored."""
    return readable(a_label)


def show_address(email: str) -> str:
    """Return a stored address with its domain as a person writes it."""
    local, at, domain = email.rpartition("@")
    return f"{local}{at}{show_domain(domain)}"


def suggest_localpart(person: str) -> str:
    """Return a local part for a person's name: «Trần Thu Hà» gives `tran.thu.ha`; may be empty."""
    words = re.findall(r"[a-z0-9]+", fold(person))
    return ".".join(words)[:MAX_LOCALPART_BYTES].strip(".")


def _typed(text: str) -> str:
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        raise NameRefused(NameProblem.EMPTY)
    if len(name) > 4 * MAX_DOMAIN_BYTES:
        raise NameRefused(NameProblem.TOO_LONG)
    if unicodedata.normalize("NFKC", name) != name or _DOTS.search(name):
        raise NameRefused(NameProblem.LOOKALIKE)
    return name.lower()


def _refuse_foreign_notation(name: str) -> None:
    if "://" in name or "/" in name:
        raise NameRefused(NameProblem.WEB_ADDRESS)
    if "@" in name:
        raise NameRefused(NameProblem.ADDRESS_NOT_NAME)
    try:
        ipaddress.ip_address(name.strip("[]").removeprefix("ipv6:"))
    except ValueError:
        pass
    else:
        raise NameRefused(NameProblem.IP_ADDRESS)
    if ":" in name:
        raise NameRefused(NameProblem.WEB_ADDRESS)


def _refuse_label(label: str) -> None:
    if label.startswith("-") or label.endswith("-"):
        raise NameRefused(NameProblem.HYPHEN)
    if label[2:4] == "--" and not label.startswith("xn--"):
        raise NameRefused(NameProblem.HYPHEN)
    for character in label:
        if unicodedata.category(character)[0] in "CZ":  # control, format, separators
            raise NameRefused(NameProblem.CHARACTER)


def _to_ascii(label: str) -> str:
    a_label = idna.encode(label, uts46=True, std3_rules=True).decode()
    scripts = {
        unicodedata.name(character, "?").partition(" ")[0]
        for character in idna.decode(a_label)
        if character.isalpha()
    }
    if len(scripts & _MIXABLE) > 1:
        raise NameRefused(NameProblem.MIXED_ALPHABETS)
    return a_label


def _idna_problem(exc: idna.IDNAError) -> NameProblem:
    return NameProblem.LABEL_TOO_LONG if "too long" in str(exc) else NameProblem.CHARACTER


def _is_program(text: str) -> bool:
    bare = text.lstrip("\"' <")
    return bare.startswith(("|", "/", ":include:", "file:"))


def _local(text: str) -> str:
    local = unicodedata.normalize("NFC", text).strip()
    if not local:
        raise NameRefused(NameProblem.LOCAL_EMPTY)
    if _is_program(local):
        raise NameRefused(NameProblem.LOCAL_PROGRAM)
    if not local.isascii():
        raise NameRefused(NameProblem.LOCAL_ACCENTS)
    if len(local) > MAX_LOCALPART_BYTES:
        raise NameRefused(NameProblem.LOCAL_TOO_LONG)
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise NameRefused(NameProblem.LOCAL_DOTS)
    return local.lower()


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
