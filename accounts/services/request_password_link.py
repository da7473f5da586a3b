"""Answers "I forgot my password" for people whom a mail can reach outside of their mailbox."""

from __future__ import annotations

from accounts.actor import Actor
from accounts.selectors import may_sign_in, outside_address, person_by_login
from accounts.services.invite_person import FORGOT_LIFE, make_password_link


def request_password_link(*, address: str) -> bool:
    """Mail a link that lasts an hour; False when nobody is there or no outside address is known."""
    person = person_by_login(address)
    if person is None or not may_sign_in(person):
        return False
    outside = outside_address(person)
    if not outside:
        return False
    make_password_link(
        actor=Actor.system(person.tenant), person=person, email=outside, life=FORGOT_LIFE
    )
    return True
