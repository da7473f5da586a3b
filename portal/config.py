"""Every setting of the product, typed, read from the environment and from the stack's own file."""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent

# Offsets of the mail ports from the web port: users, tests and benchmarks rely on them.
PORT_OFFSETS = {
    "pop3": 10,
    "lmtp": 24,
    "smtp": 25,
    "imap": 43,
    "submissions": 65,
    "submission": 87,
    "managesieve": 90,
    "imaps": 93,
    "pop3s": 95,
}


class Stack(BaseSettings):
    """One running installation. Names in the environment are `HOPTHU_<FIELD>`."""

    model_config = SettingsConfigDict(env_prefix="HOPTHU_", extra="ignore")

    data: Path = Field(ROOT / "var", description="Folder that holds everything the product writes.")
    port: int = Field(8000, ge=1024, le=65000, description="Web port; mail ports follow from it.")
    ports: dict[str, int] = Field(
        default_factory=dict,
        description="Mail ports that differ from web port plus offset, as JSON: production 25, 587, 993.",
    )
    demo: bool = Field(
        True, description="Demo world and boxed outside (DNS server, partner company)."
    )
    debug: bool = Field(False, description="Django's debug pages; never in production.")
    site_url: str = Field(
        "", description="Public address of the portal; empty: http://localhost:PORT."
    )
    site_names: list[str] = Field(
        default_factory=list,
        description="Other names the portal answers to, as JSON; every unknown name is refused.",
    )
    brand: str = Field("Hộp Thư", description="Name shown in pages and system mail.")
    operator_domain: str = Field(
        "hopthu.test", description="The operator's own domain; system mail comes from no-reply@ it."
    )
    mail_hostname: str = Field(
        "mail.hopthu.test", description="Name of the mail host: MX target, HELO, certificate."
    )
    run_dir: Path | None = Field(
        None, description="Folder of the Unix sockets; empty: /run/hopthu-<id of the data folder>."
    )
    listen: str = Field(
        "127.0.0.1", description="Address the web port and the mail ports listen on."
    )
    database_role: str = Field(
        "hopthu_app", description="Database role: hopthu_app serves, hopthu_owner migrates."
    )
    database_url: str = Field(
        "", description="Another PostgreSQL (postgresql://…); empty: the private cluster in DATA."
    )
    redis_url: str = Field(
        "", description="Another Redis; empty: the private one on a Unix socket."
    )
    dns_servers: list[str] = Field(
        default_factory=list,
        description="Recursive or authoritative DNS servers to ask, as JSON; empty: the system's.",
    )
    sending_addresses: list[str] = Field(
        default_factory=list,
        description="Addresses other servers see our mail come from, as JSON; empty: the mail host's own.",
    )
    blocklists: list[str] = Field(
        default_factory=lambda: ["zen.spamhaus.org", "bl.spamcop.net", "psbl.surriel.com"],
        description="DNS block lists the sending addresses are looked up in, as JSON.",
    )
    dns_update_server: str = Field(
        "",
        description="Address of the operator's name server for RFC 2136 updates: new DKIM keys are delegated to its zone by CNAME; empty: they are TXT.",
    )
    dns_update_key: str = Field(
        "hopthu",
        description="Name of the TSIG key (HMAC-SHA256); its secret is DIR/secrets/tsig_key.",
    )
    timezone: str = Field(
        "Asia/Ho_Chi_Minh",
        description="Zone shown where a tenant set none; its midnight begins a day of the sending limits.",
    )
    max_message_bytes: int = Field(
        26_214_400, ge=1_048_576, description="Largest message accepted anywhere, in bytes."
    )
    fetch_allows_box: bool = Field(
        False, description="Demo only: fetchers may reach the boxed outside on the loopback."
    )
    profile_certificate: Path | None = Field(
        None,
        description="Certificate (PEM, with its chain) that signs Apple profiles; empty: the stack's own.",
    )
    profile_key: Path | None = Field(
        None, description="Key of that certificate, readable by the user hopthu."
    )
    metrics_token: str = Field("", description="Bearer token for /metrics; empty: refused.")
    loopback_smtp_out_port: int = Field(
        25, description="Port where Postfix looks for other companies' servers."
    )
    session_days: int = Field(14, ge=1, description="Days a sign-in lasts on a remembered device.")

    @field_validator("data", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.absolute()

    @cached_property
    def stack_id(self) -> str:
        """Eight hexadecimal digits that name this data folder, stable across starts."""
        return f"{crc32(str(self.data).encode()):08x}"

    @cached_property
    def run(self) -> Path:
        """Folder of the Unix sockets."""
        return self.run_dir or Path(f"/run/hopthu-{self.stack_id}")

    @cached_property
    def url(self) -> str:
        """Public address without trailing slash."""
        return (self.site_url or f"http://localhost:{self.port}").rstrip("/")

    @cached_property
    def site_hosts(self) -> frozenset[str]:
        """Names under which the portal serves its pages, lower case."""
        public = urlsplit(self.url).hostname or ""
        own = {public, "localhost", self.mail_hostname, self.operator_domain, *self.site_names}
        return frozenset(name.lower().rstrip(".") for name in own if name)

    def mail_port(self, name: str) -> int:
        """Port of `smtp`, `submission`, `submissions`, `imap`, `imaps`, `pop3`, `pop3s`, `managesieve`, `lmtp`."""
        return self.ports.get(name) or self.port + PORT_OFFSETS[name]

    @property
    def receiver_port(self) -> int:
        """Port of mailserver's receiver of Dovecot's events."""
        return self.port + 1

    def box_address(self, host: int) -> str:
        """Loopback address of the boxed outside: 53 DNS, 25 partner's MX, 1 our own MX, 80 web."""
        return f"127.{self.port // 256}.{self.port % 256}.{host}"

    @property
    def resolvers(self) -> list[str]:
        """DNS servers the portal asks; empty means the system's own."""
        return self.dns_servers or ([self.box_address(53)] if self.demo else [])

    @property
    def senders(self) -> list[str]:
        """Addresses mail is sent from; empty: those of the mail host's name."""
        return self.sending_addresses or ([self.box_address(1)] if self.demo else [])

    @property
    def dnsbls(self) -> list[str]:
        """Block lists to ask; the demo has one of its own."""
        return ["dnsbl.test"] if self.demo else self.blocklists

    def secret(self, name: str) -> str:
        """Return the text of DATA/secrets/NAME. Raises FileNotFoundError before the first start."""
        return (self.data / "secrets" / name).read_text().strip()

    def secret_or_blank(self, name: str) -> str:
        """Like `secret`, but empty when the stack was never started (checks, translations)."""
        path = self.data / "secrets" / name
        return path.read_text().strip() if path.exists() else ""

    @property
    def redis(self) -> str:
        """URL of Redis without database number."""
        return self.redis_url or f"unix://{self.run}/redis/redis.sock"

    @property
    def database(self) -> dict[str, Any]:
        """Django's DATABASES entry."""
        from urllib.parse import unquote

        entry: dict[str, Any] = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "hopthu",
            "USER": self.database_role,
            "HOST": str(self.run / "pg"),
            "PORT": "5432",
        }
        if self.database_url:
            parts = urlsplit(self.database_url)
            entry |= {
                "NAME": parts.path.lstrip("/") or "hopthu",
                "USER": unquote(parts.username or self.database_role),
                "PASSWORD": unquote(parts.password or ""),
                "HOST": unquote(parts.hostname or ""),
                "PORT": str(parts.port or 5432),
            }
        return entry


def environment() -> dict[str, str]:
    """Return the settings this process was given by its environment, to hand on to a child."""
    return {key: value for key, value in os.environ.items() if key.startswith("HOPTHU_")}


def overrule_environment(values: dict[str, str]) -> None:
    """Let `values` win over settings of the same name that this process was given."""
    os.environ.update({key: value for key, value in values.items() if key in os.environ})


@lru_cache(maxsize=1)
def stack() -> Stack:
    """Return the settings of this process: the environment first, then DATA/stack.env.

    A value that cannot be ends the process with a sentence: nothing works without settings.
    """
    file = Path(os.environ.get("HOPTHU_DATA", ROOT / "var")).absolute() / "stack.env"
    try:
        return Stack(_env_file=file)
    except ValidationError as error:
        first = error.errors()[0]
        name = f"HOPTHU_{first['loc'][0]}".upper()
        raise SystemExit(
            f"{name} has a value that cannot be ({first['msg']}): "
            f"correct it in {file} or in the environment and start again."
        ) from error
