"""Pairs of addresses that nobody may tell apart: an object of others, and one that does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from accounts.models import Tenant, TenantKind
from tests.scene import set_scene
from tests.world import World, add_domain, make_world, plant, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.access import Row
    from tests.scene import Scene

NO_ID = 10**15
# Of the arguments that are numbers, these name nothing in the database.
OF_IMAP = {"uid_validity", "uid"}


@dataclass(frozen=True)
class Pair:
    """Two paths that differ in one number; `name` says which argument that is."""

    name: str
    foreign: str
    missing: str


def pairs(row: Row, own: Scene, other: Scene) -> Iterator[Pair]:
    """Yield a pair for each id in the route: what stands before it is one's own, the rest foreign."""
    for place, name in enumerate(row.args):
        if name in OF_IMAP or not isinstance(other.args[name], int):
            continue
        before = [own.args[each] for each in row.args[:place]]
        after = [other.args[each] for each in row.args[place + 1 :]]
        yield Pair(
            name,
            reverse(row.name, args=[*before, other.args[name], *after]),
            reverse(row.name, args=[*before, NO_ID, *after]),
        )


def others_of(world: World) -> dict[str, Scene]:
    """Return what is foreign to each column: the company next door, and another reseller's."""
    company = plant(Tenant(parent=world.reseller, kind=TenantKind.COMPANY, name=unique("Next ")))
    next_door = set_scene(World(world.reseller, company, add_domain(company)))
    return {
        "company_admin": next_door,
        "staff": next_door,
        "reseller": set_scene(make_world()),
    }
