"""The private PostgreSQL cluster: made once, reached by Unix socket, roles by operating system user."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from mailserver.stack import files
from mailserver.stack.errors import CannotStart

if TYPE_CHECKING:
    from portal.config import Stack

DATABASE = "hopthu"
ROLES = ("hopthu_owner", "hopthu_app", "postfix_ro", "dovecot_ro", "dovecot_usage")
EXTENSIONS = ("pg_trgm",)


def postgres_bin(data: Path) -> Path:
    """Return the folder of the server programs that fit DATA/pg. Raises CannotStart."""
    made_with = data / "pg" / "PG_VERSION"
    base = Path("/usr/lib/postgresql")
    there = sorted((p for p in base.glob("*/bin") if (p / "postgres").exists()), key=_major)
    if made_with.exists():
        major = made_with.read_text().strip()
        for folder in there:
            if folder.parent.name == major:
                return folder
        raise CannotStart(
            f"The database in {data}/pg was made by PostgreSQL {major}, which is not installed: "
            f"install postgresql-{major}, or start with another --data folder."
        )
    if not there:
        raise CannotStart("PostgreSQL is not installed: run bin/start as root, it installs it.")
    return there[-1]


def ensure_cluster(data: Path) -> None:
    """Run initdb when DATA/pg is empty. Raises CannotStart when the folder holds something else."""
    home = data / "pg"
    postgres = postgres_bin(data)
    if not (home / "PG_VERSION").exists():
        files.folder(home, owner="postgres", group="postgres", mode=0o700)
        if any(home.iterdir()):
            raise CannotStart(
                f"{home} holds files but no database: move it away, or name another --data folder."
            )
        done = subprocess.run(
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
             "env", "LC_ALL=C.UTF-8", f"{postgres}/initdb", "--pgdata", str(home),
             "--username", "postgres", "--encoding", "UTF8", "--locale", "C.UTF-8",
             "--auth", "peer", "--no-sync"],
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        if done.returncode:
            raise CannotStart(f"The database could not be made: {done.stderr.strip()[-300:]}")
    line = f"include '{data}/conf/postgresql/hopthu.conf'\n"
    conf = home / "postgresql.conf"
    if not conf.exists():
        raise CannotStart(
            f"The database in {home} is damaged (postgresql.conf is missing): bring the folder back "
            "from a backup, or name another --data folder."
        )
    text = conf.read_text()
    kept = "".join(one for one in text.splitlines(keepends=True) if not one.startswith("include '"))
    files.write(conf, kept + line, owner="postgres", group="postgres", mode=0o600)


def ensure_database(host: Stack) -> None:
    """Make roles, database, default privileges and extensions; harmless when they are there."""
    with _connect(host, "postgres") as connection:
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for role in ROLES:
            if role not in known:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        # where homes are, for the lookup view that Dovecot reads
        connection.execute(
            sql.SQL("ALTER ROLE dovecot_ro SET hopthu.mail_homes = {}").format(
                sql.Literal(f"{host.data}/mail")
            )
        )
        if not connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone():
            connection.execute("CREATE DATABASE hopthu OWNER hopthu_owner")
            connection.execute("REVOKE ALL ON DATABASE hopthu FROM PUBLIC")
            connection.execute(
                sql.SQL("GRANT CONNECT ON DATABASE hopthu TO {}").format(
                    sql.SQL(", ").join(sql.Identifier(role) for role in ROLES)
                )
            )
    with _connect(host, DATABASE) as connection:
        for extension in EXTENSIONS:
            connection.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
            )
        connection.execute(
            "ALTER DEFAULT PRIVILEGES FOR ROLE hopthu_owner IN SCHEMA public "
            "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hopthu_app"
        )
        connection.execute(
            "ALTER DEFAULT PRIVILEGES FOR ROLE hopthu_owner IN SCHEMA public "
            "GRANT USAGE, SELECT ON SEQUENCES TO hopthu_app"
        )


def answers(host: Stack) -> bool:
    """Tell whether the cluster takes connections."""
    try:
        _connect(host, "postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _connect(host: Stack, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(host.run / "pg"), port=5432, dbname=database, user="postgres",
        autocommit=True, connect_timeout=2,
    )  # fmt: skip


def _major(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdecimal() else 0
