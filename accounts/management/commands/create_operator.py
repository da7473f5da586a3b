"""Makes the first operator of an installation, or another one."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.actor import Actor
from accounts.roles import Role
from accounts.selectors import operator_tenant
from accounts.services.change_roles import grant_role
from accounts.services.create_person import create_person
from accounts.services.create_tenant import create_operator_tenant
from accounts.services.invite_person import make_password_link
from portal.config import stack
from portal.errors import PortalError

if TYPE_CHECKING:
    from django.core.management.base import CommandParser

    from accounts.models import User


class Command(BaseCommand):
    help = (
        "Makes a person who runs this installation. Prints a one-time link to choose a password, "
        "unless the password is typed in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="address the operator signs in with")
        parser.add_argument("--name", default="", help="name to show")
        parser.add_argument("--tenant", default="", help="name of the operator's tenant")
        parser.add_argument(
            "--ask-password",
            action="store_true",
            help="ask for the password (read from standard input when that is no terminal)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        password = self._password() if options["ask_password"] else None
        try:
            person, url = _make(options["email"], options["name"], options["tenant"], password)
        except PortalError as exc:
            raise CommandError(str(exc.message)) from exc
        self.stdout.write(f"{person.email} is an operator now. Sign in at {stack().url}/")
        if url:
            self.stdout.write(f"Choose a password here, once, within a week: {url}")

    def _password(self) -> str:
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\n")
        first, second = getpass.getpass("Password: "), getpass.getpass("Once more: ")
        if first != second:
            raise CommandError("The two passwords differ.")
        return first


def _make(email: str, name: str, tenant_name: str, password: str | None) -> tuple[User, str]:
    with transaction.atomic():
        tenant = operator_tenant() or create_operator_tenant(name=tenant_name or stack().brand)
        actor = Actor.system(tenant)
        person = create_person(
            actor=actor, tenant=tenant, email=email, name=name, password=password
        )
        grant_role(actor=actor, tenant=tenant, person=person, role=Role.OPERATOR)
        url = "" if password else make_password_link(actor=actor, person=person).url
    return person, url
