"""One budget of wrong passwords for every door: web, IMAP, POP3, SMTP and ManageSieve."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from redis import Redis
from redis.exceptions import RedisError

from portal.config import stack

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 900
# Different wrong passwords, not tries: a phone that keeps sending an old password counts once.
PER_PLACE = 10
PER_NETWORK = 60
KNOWN_SECONDS = 60 * 86_400
KNOWN_NETWORKS = 20
_TIMEOUT_SECONDS = 1.0

# Charges first and asks then, so that a thousand attempts at the same time do not all pass.
# KEYS: counters; ARGV: now, window, mark, one limit for each counter.
_TAKE = """
local full = 0
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', ARGV[1] - ARGV[2])
  if not redis.call('ZSCORE', key, ARGV[3]) and redis.call('ZCARD', key) >= tonumber(ARGV[3 + i]) then
    full = i
  end
end
if full == 0 then
  for _, key in ipairs(KEYS) do
    redis.call('ZADD', key, 'NX', ARGV[1], ARGV[3])
    redis.call('EXPIRE', key, ARGV[2])
  end
end
return full
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a door.

    `mark` tells one wrong password from another and is no way back to it; `device` is the mark of a
    device this login used before, or empty.
    """

    login: str
    address: str
    mark: str
    device: str = ""

    @property
    def network(self) -> str:
        """The IPv4 address or IPv6 /64; empty for the house itself, which speaks for everybody."""
        try:
            found = ip_address(self.address)
        except ValueError:
            return ""
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        if str(found) in ("127.0.0.1", "::1"):
            return ""
        return str(ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def mark_of(password: str) -> str:
    """Return a short keyed digest: equal passwords look alike, and nothing can be tried against it."""
    key = stack().secret("push_token").encode()
    return hmac.new(key, password.encode(), hashlib.sha256).hexdigest()[:6]


def take(attempt: Attempt) -> bool:
    """Count one try; False when its budget is used up. Without Redis every try is let through.

    A place where this login succeeded before (a device, a network) has a budget of its own; all
    strangers share one, so that their guesses do not lock the owner out.
    """
    login, network = _login(attempt), attempt.network
    try:
        place = attempt.device
        if not place and network and _redis().zscore(f"known:{login}", network) is not None:
            place = network
        counters = {f"tries:{login}:{place}": PER_PLACE}
        if network:
            counters[f"tries::{network}"] = PER_NETWORK
        full = _redis().eval(
            _TAKE,
            len(counters),
            *counters,
            time.time(),
            WINDOW_SECONDS,
            f"{login} {attempt.mark}",
            *counters.values(),
        )
    except RedisError:
        logger.warning("attempts not counted")
        return True
    if full:
        logger.warning("too many attempts", extra={"network": network, "counter": full})
    return not full


def give_back(attempt: Attempt) -> None:
    """Take the try off the budget: the password was right; and remember the network."""
    login, network = _login(attempt), attempt.network
    mark = f"{login} {attempt.mark}"
    with _redis().pipeline() as batch:
        for place in {attempt.device, network, ""}:
            batch.zrem(f"tries:{login}:{place}", mark)
        if network:
            batch.zrem(f"tries::{network}", mark)
            batch.zadd(f"known:{login}", {network: time.time()})
            batch.zremrangebyrank(f"known:{login}", 0, -KNOWN_NETWORKS - 1)
            batch.expire(f"known:{login}", KNOWN_SECONDS)
        try:
            batch.execute()
        except RedisError:
            logger.warning("attempts not counted")


def _login(attempt: Attempt) -> str:
    return attempt.login.strip().lower()[:320]


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return Redis.from_url(
        f"{stack().redis}?db=0",
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
    )
