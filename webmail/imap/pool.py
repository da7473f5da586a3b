"""Signed-in connections, kept per mailbox: `with borrow(identity) as session:` and nothing leaks."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from django.utils.translation import gettext_lazy as _

from webmail.errors import MailUnavailable, WebmailError
from webmail.identity import MailIdentity
from webmail.imap.session import Session

logger = logging.getLogger(__name__)

MAX_PER_MAILBOX = 6  # lent at one time
MAX_IDLE_PER_MAILBOX = 3
MAX_IDLE = 400  # over all mailboxes of this process
WAIT_SECONDS = 5.0
NOOP_AFTER_SECONDS = 1.0  # a connection idle for longer is asked whether it still lives
IDLE_SECONDS = 240.0
MAX_AGE_SECONDS = 900.0  # then sign in anew, so that a right taken away ends by itself

Key = tuple[int, str]  # the mailbox, and the name it is signed in to with: members share nothing
ChangeSource = Callable[[], list[str]]  # addresses whose rights changed since it was last asked


class Pool:
    """Connections of this process by mailbox. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: dict[Key, deque[Session]] = {}
        self._lent: dict[Key, set[Session]] = {}
        self._opening: dict[Key, int] = {}
        self._addresses: dict[Key, str] = {}
        self._source: ChangeSource | None = None
        self._watcher: threading.Thread | None = None
        self._looked = threading.Event()

    def follow(self, source: ChangeSource) -> None:
        """Ask `source` each second, in a thread of ours, for addresses whose connections must end."""
        self._source = source

    @contextmanager
    def borrow(self, identity: MailIdentity) -> Iterator[Session]:
        """Lend a connection for the block. Raises MailUnavailable when none can be had.

        After an error that is not one of ours the connection is closed: nobody knows its state.
        """
        session = self._take(identity)
        is_sound = False
        try:
            yield session
            is_sound = True
        except WebmailError:
            is_sound = True  # the server only said no; a lost connection is marked as broken
            raise
        finally:
            self._give_back(_key(identity), session, is_sound=is_sound)

    def drop(self, address: str) -> None:
        """Close what is idle of this address; what is lent is closed when it comes back."""
        closing: list[Session] = []
        with self._changed:
            for key, known in self._addresses.items():
                if known == address:
                    closing += self._idle.pop(key, ())
                    for session in self._lent.get(key, ()):
                        session.is_broken = True
        _close_all(closing)

    def close(self) -> None:
        """Close every idle connection."""
        with self._changed:
            closing = [session for sessions in self._idle.values() for session in sessions]
            self._idle.clear()
        _close_all(closing)

    def _take(self, identity: MailIdentity) -> Session:
        key = _key(identity)
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            with self._changed:
                while self._count(key) >= MAX_PER_MAILBOX:
                    if not self._changed.wait(deadline - time.monotonic()):
                        raise MailUnavailable(
                            _("Many pages of this mailbox load at once. Please try again."),
                            detail="pool exhausted",
                        )
                idle = self._idle.get(key)
                session = idle.pop() if idle else None
                if session is None:
                    self._opening[key] = self._opening.get(key, 0) + 1
                else:
                    self._lent.setdefault(key, set()).add(session)
            if session is None:
                return self._open(identity)
            now = time.monotonic()
            # Any folder but INBOX may have been renamed or deleted elsewhere this moment: Dovecot
            # hangs up on who still stands in it.
            stays = session.selected is None or session.selected.path == "INBOX"
            is_fresh = stays and now - session.used_at < NOOP_AFTER_SECONDS
            if (
                session.address == identity.sign_in
                and now - session.opened_at < MAX_AGE_SECONDS
                and (is_fresh or session.is_alive())
            ):
                return session
            self._give_back(key, session, is_sound=False)

    def _open(self, identity: MailIdentity) -> Session:
        self._watch()
        session = None
        try:
            session = Session(identity.sign_in)
        finally:
            with self._changed:
                self._opening[_key(identity)] -= 1
                if session is not None:
                    self._addresses[_key(identity)] = identity.address
                    self._lent.setdefault(_key(identity), set()).add(session)
                self._changed.notify_all()
        return session

    def _give_back(self, key: Key, session: Session, *, is_sound: bool) -> None:
        closing: list[Session] = []
        with self._changed:
            self._lent[key].discard(session)
            if is_sound and not session.is_broken:
                idle = self._idle.setdefault(key, deque())
                idle.append(session)
                while len(idle) > MAX_IDLE_PER_MAILBOX:
                    closing.append(idle.popleft())
                closing += self._crowded()
            else:
                closing.append(session)
            self._changed.notify_all()
        _close_all(closing)

    def _count(self, key: Key) -> int:
        return len(self._lent.get(key, ())) + self._opening.get(key, 0)

    def _crowded(self) -> list[Session]:
        """Take out the longest unused connection when there are too many in all."""
        if sum(map(len, self._idle.values())) <= MAX_IDLE:
            return []
        oldest = min((q for q in self._idle.values() if q), key=lambda q: q[0].used_at)
        return [oldest.popleft()]

    # ---- the watcher: a thread that lives while there are connections

    def _watch(self) -> None:
        """Start the watcher if it sleeps, and wait until it knows where the changes stand.

        It looks before the first sign-in, so that no change slips in between.
        """
        with self._changed:
            if self._watcher is None or not self._watcher.is_alive():
                self._looked = threading.Event()
                self._watcher = threading.Thread(
                    target=self._run, args=(self._looked,), name="imap-pool", daemon=True
                )
                self._watcher.start()
            looked = self._looked
        looked.wait(WAIT_SECONDS)

    def _run(self, looked: threading.Event) -> None:
        tick = threading.Event()
        try:
            self._drop_changed()
        finally:
            looked.set()
        while not tick.wait(1.0):
            self._drop_changed()
            _close_all(self._expired())
            if self._fell_asleep():
                return

    def _drop_changed(self) -> None:
        for address in self._source() if self._source is not None else []:
            logger.info("connections dropped")
            self.drop(address)

    def _fell_asleep(self) -> bool:
        with self._changed:
            busy = (*self._idle.values(), *self._lent.values(), *self._opening.values())
            if not any(busy):
                self._watcher = None
        return self._watcher is None

    def _expired(self) -> list[Session]:
        closing: list[Session] = []
        now = time.monotonic()
        with self._changed:
            for key in list(self._idle):
                idle = self._idle[key]
                while idle and now - idle[0].used_at > IDLE_SECONDS:
                    closing.append(idle.popleft())
                if not idle:
                    del self._idle[key]
        return closing


def _key(identity: MailIdentity) -> Key:
    return identity.mailbox_id, identity.sign_in


def _close_all(sessions: list[Session]) -> None:
    for session in sessions:
        session.close()


POOL = Pool()


def borrow(identity: MailIdentity) -> AbstractContextManager[Session]:
    """Lend a connection signed in as `identity` from this process's pool."""
    return POOL.borrow(identity)
