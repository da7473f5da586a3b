"""Notes when mailboxes were last used by a protocol that Dovecot does not tell us of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

# As the triggers of mailserver store what Dovecot tells: a mailbox that is purged meanwhile keeps none.
_SQL = """
INSERT INTO domains_lastsignin AS now (mailbox_id, service, at_epoch)
SELECT m.id, %(service)s, t.at
  FROM unnest(%(addresses)s::text[], %(moments)s::bigint[]) AS t (address, at)
  JOIN domains_address a ON a.email = t.address
  JOIN domains_mailbox m ON m.address_id = a.id
 ORDER BY m.id FOR KEY SHARE OF m
ON CONFLICT (mailbox_id, service) DO UPDATE SET at_epoch = greatest(now.at_epoch, excluded.at_epoch)
"""


def note_sign_ins(*, service: str, moments: Mapping[str, datetime]) -> None:
    """Keep the last moment of each address; what is no mailbox is passed over. One query."""
    if not moments:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _SQL,
            {
                "service": service,
                "addresses": list(moments),
                "moments": [int(at.timestamp()) for at in moments.values()],
            },
        )
