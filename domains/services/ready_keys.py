"""Gives every domain its two DKIM keys and publishes those that the operator's zone holds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from domains.dkim import make_key_pair, record_text
from domains.dns.updates import UpdateRefused, put_txt
from domains.models import DkimKey, Domain
from portal.config import stack
from portal.nudge import after_commit
from portal.sealing import seal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domains.dkim import KeyPair

logger = logging.getLogger(__name__)

SELECTORS = ("s1", "s2")  # one signs, the other stands ready for the next change of keys
SEAL_PURPOSE = "dkim"
BATCH = 20
TASK = "domains.ready_keys"


def add_keys(domain: Domain, ready: Iterable[KeyPair] = ()) -> None:
    """Make the keys that `domain` lacks; some tens of milliseconds of CPU each.

    `ready` are pairs made before, so that a transaction with locks need not wait for them.

    Where the operator's zone takes our updates, the domain delegates new keys there by CNAME.
    """
    known = set(DkimKey.objects.filter(domain=domain).values_list("selector", flat=True))
    pairs = iter(ready)
    for selector in SELECTORS:
        if selector in known:
            continue
        pair = next(pairs, None) or make_key_pair()
        try:
            with transaction.atomic():
                DkimKey.objects.create(
                    tenant_id=domain.tenant_id,
                    domain=domain,
                    selector=selector,
                    public_key=pair.public_key,
                    private_sealed=seal(pair.private_pem, purpose=SEAL_PURPOSE),
                    delegated_to=_target(domain, selector),
                )
        except IntegrityError:
            continue  # another worker made it this moment


def renew_key(key: DkimKey, pair: KeyPair) -> None:
    """Put a fresh pair in the place of a key that does not sign; the old private half is gone."""
    key.public_key = pair.public_key
    key.private_sealed = seal(pair.private_pem, purpose=SEAL_PURPOSE)
    key.created_at = timezone.now()
    key.delegated_to = _target(key.domain, key.selector)
    key.active_at = key.published_at = key.retired_at = None
    key.save(
        update_fields=[
            "public_key",
            "private_sealed",
            "created_at",
            "delegated_to",
            "active_at",
            "published_at",
            "retired_at",
        ]
    )


def publish_keys(domain: Domain) -> int:
    """Publish the domain's delegated keys that are not yet; return how many. Asks the network.

    What the name server refuses is logged and tried again later.
    """
    rows = DkimKey.objects.filter(domain=domain, published_at=None).exclude(delegated_to="")
    done = 0
    for key in rows:
        try:
            put_txt(key.delegated_to, record_text(key.public_key))
        except UpdateRefused as exc:
            logger.warning("DKIM key not published", extra={"key": key.pk, "detail": str(exc)})
            return done
        # a key that was renewed meanwhile is still to be published
        same = DkimKey.objects.filter(pk=key.pk, public_key=key.public_key)
        done += same.update(published_at=timezone.now())
    return done


def ready_keys() -> int:
    """Complete some domains that lack a key or its publication; return how many.

    Where more lack keys, the next worker goes on at once.
    """
    keys = DkimKey.objects.filter(domain=OuterRef("pk"))
    without = Domain.objects.filter(~Exists(keys.filter(selector=SELECTORS[1])))
    lacking = list(without[:BATCH])
    unpublished = Domain.objects.filter(
        pk__in=DkimKey.objects.filter(published_at=None).exclude(delegated_to="").values("domain")
    )
    found = {domain.pk: domain for domain in [*lacking, *unpublished[:BATCH]]}
    for domain in found.values():
        add_keys(domain)
        publish_keys(domain)
    if len(lacking) == BATCH:
        after_commit(TASK)
    return len(found)


def _target(domain: Domain, selector: str) -> str:
    if not stack().dns_update_server:
        return ""
    return f"{selector}.{domain.pk}._dkim.{stack().operator_domain}"
