"""Turns templates of daemon configuration into file texts; pure, so that every version can be tested anywhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from django.template import Context, Engine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_UNKNOWN = "@@unknown %s@@"
_SUFFIX = ".tmpl"


class UnknownName(ValueError):
    """A template uses a name that the host does not have."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One process that supervisor keeps alive."""

    name: str
    command: str
    user: str = ""  # empty: root
    log: str = ""  # file below DATA/log; empty: the name
    patience: int = 5  # seconds between SIGTERM and SIGKILL


@dataclass(frozen=True, kw_only=True)
class MailHost:
    """All that the configuration of one installation depends on. Paths without trailing slash."""

    stack_id: str  # eight hexadecimal digits, unique on the machine
    code: str
    data: str
    run: str  # folder of the Unix sockets
    python: str
    postgres_bin: str  # folder of initdb and postgres
    dovecot_version: str  # "2.3" or "2.4"
    port: int
    receiver_port: int
    ports: Mapping[str, int]  # smtp, submission, submissions, imap, …
    listen: str  # address the mail ports and the web port listen on
    out_port: int  # port of other companies' servers; 25 but in tests
    box: str  # first three numbers of the boxed outside, "127.31.64"; empty: no box
    resolvers: tuple[str, ...]  # empty: the system's own
    mail_hostname: str
    operator_domain: str
    max_message_bytes: int
    demo: bool
    push_token: str
    mail_uid: int
    mail_gid: int
    upload_bytes: int  # largest request the web server takes
    ipv6: bool  # the machine has a loopback ::1
    services: tuple[Program, ...]

    @property
    def conf(self) -> str:
        """Folder the texts are written to."""
        return f"{self.data}/conf"


def render(host: MailHost, templates: Mapping[str, str]) -> dict[str, str]:
    """Return file texts by path below DATA/conf.

    `templates` maps paths such as "postfix/main.cf.tmpl" to their texts; a file without the suffix is
    taken as it is. Folders "dovecot-2.3" and "dovecot-2.4" both end in "dovecot": the one of the
    host's version is taken. Raises UnknownName when a template asks for a name `MailHost` lacks.
    """
    engine = Engine(autoescape=False, string_if_invalid=_UNKNOWN)
    names = Context({**asdict(host), "conf": host.conf}, autoescape=False)
    texts: dict[str, str] = {}
    for path, text in templates.items():
        folder, _, rest = path.partition("/")
        daemon, _, version = folder.partition("-")
        if version and version != host.dovecot_version:
            continue
        target = f"{daemon}/{rest.removesuffix(_SUFFIX)}"
        texts[target] = engine.from_string(text).render(names) if path.endswith(_SUFFIX) else text
        if _UNKNOWN[:9] in texts[target]:
            raise UnknownName(f"{path}: {texts[target].split(_UNKNOWN[:9])[1].split('@')[0]}")
    return texts


def auto_reply_script(
    *,
    text: str,
    subject: str,
    days: int,
    addresses: Sequence[str],
    sender: str,
    handle: str,
    until: datetime | None = None,
) -> str:
    """Return a Sieve script that answers once per sender in `days` (RFC 5230), until `until` in UTC.

    Lists, bounces and other robots get no answer; that is part of `vacation`. No text can leave its
    quotes, and without "variables" nothing in it is expanded.
    """
    extensions = ["vacation"]
    answer = [
        f"  :days {int(days)}",
        f"  :handle {sieve_string(handle)}",
        f"  :from {sieve_string(sender)}",
        f"  :addresses [{', '.join(sieve_string(address) for address in addresses)}]",
    ]
    if subject:
        answer.append(f"  :subject {sieve_string(subject)}")
    command = "vacation\n" + "\n".join(answer) + f"\n  {sieve_string(text)};"
    if until is not None:
        extensions += ["date", "relational", "comparator-i;octet"]
        moment = until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        command = (
            'if currentdate :zone "+0000" :value "lt" :comparator "i;octet" "iso8601" '
            f'"{moment}" {{\n{command}\n}}'
        )
    names = ", ".join(f'"{name}"' for name in extensions)
    return f"# Written by the portal; changes here are lost.\nrequire [{names}];\n{command}\n"


def sieve_string(text: str) -> str:
    """Return a quoted string of RFC 5228 section 2.4.2; NUL and lone CR are left out."""
    clean = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "")
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\r\n") + '"'
