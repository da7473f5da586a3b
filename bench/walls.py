"""Whether the clock tells what is foreign from what does not exist: asked for turn by turn."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from bench.browserless import Client
from bench.figures import Figure
from tests.access import TABLE
from tests.foreign import others_of, pairs
from tests.scene import set_scene
from tests.world import PASSWORD, make_world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.foreign import Pair

GOAL = "<= 5"  # per cent between the medians
# A tenant is looked for in the same way by all of its pages: these stand for them.
OF_TENANTS = {"accounts:dashboard", "accounts:audit", "domains:mailbox-list"}
ROLES = {
    "company_admin": ("accounts", "domains", "delivery"),
    "reseller": ("accounts", "domains", "delivery"),
    "staff": ("webmail", "devices"),
}


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Yield for each route by how much more the foreign takes, and for each role how much it is.

    What does not exist is measured twice: how far the two are apart is noise.
    """
    rounds = 30 if quick else 100
    world = make_world()
    own, others = set_scene(world), others_of(world)
    for role, rooms in ROLES.items():
        client = Client()
        client.sign_in(own.people[role].email, PASSWORD)
        more, noise = [], []
        for row in TABLE:
            if row.method != "GET" or row.name.partition(":")[0] not in rooms:
                continue
            for pair in pairs(row, own, others[role]):
                if pair.name in {"tenant", "reseller"} and row.name not in OF_TENANTS:
                    continue
                found = _compared(client, pair, rounds)
                if found is None:
                    continue
                more.append(found[0])
                noise.append(found[1])
                name = f"{role}_{row.name.replace(':', '_')}_{pair.name}"
                yield Figure(name, found[0], "%", "", {"what": "noise", "value": found[1]})
        yield Figure(f"{role}_routes", len(more), "routes")
        yield Figure(f"{role}_more", _p50(more), "%", GOAL, {"what": "noise", "value": _p50(noise)})
        yield Figure(
            f"{role}_apart_most",
            max(map(abs, more)),
            "%",
            "",
            {"what": "noise", "value": max(map(abs, noise))},
        )


def _compared(client: Client, pair: Pair, rounds: int) -> tuple[float, float] | None:
    """Return by how many per cent the foreign's median is above the other, and noise.

    None where the answer is not 404: the role has no business there, whatever the number.
    """
    paths = (pair.foreign, pair.missing, pair.missing)
    if any(client.ask("GET", path)[0] != 404 for path in paths):
        return None
    taken: tuple[list[float], ...] = ([], [], [])
    for turn in range(rounds * 3):
        which = (turn + turn // 3) % 3  # each comes first, second and last equally often
        begun = time.perf_counter()
        client.ask("GET", paths[which])
        taken[which].append((time.perf_counter() - begun) * 1000)
    foreign, missing, again = map(statistics.median, taken)
    return _above(foreign, missing), _above(again, missing)


def _above(one: float, other: float) -> float:
    return round((one / other - 1) * 100, 2)


def _p50(values: list[float]) -> float:
    return round(statistics.median(values), 2)
