"""Reading over real Dovecot: list, open, act, undo, search."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from domains.selectors.mailboxes import sign_ins_of
from tests.conftest import deliver, letter, until
from tests.wire.mail import submission, upload
from webmail.identity import MailIdentity, MessageRef, folder_id
from webmail.imap import folders, messages
from webmail.imap.pool import borrow
from webmail.release import release_digest
from webmail.selectors.mailboxes import own_mailbox
from webmail.selectors.pages import folder_screen, folder_state, message_screen
from webmail.selectors.searching import search_screen
from webmail.services.act_on_messages import Deed, act_on_messages, undo
from webmail.services.create_folder import create_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from imaplib import IMAP4_SSL
    from pathlib import Path

    from django.test.client import _MonkeyPatchedWSGIResponse as Answer
    from pytest_django import Settings

    from portal.config import Stack
    from tests.world import Person, World
    from webmail.selectors.listing import ListRow

pytestmark = pytest.mark.wire


@pytest.fixture
def reader(live: World) -> Person:
    """Somebody with an empty mailbox."""
    return live.person(name="Trần Thu Hà")


@pytest.fixture
def client(reader: Person) -> Client:
    """A browser without script where the reader is signed in."""
    made = Client()
    made.force_login(reader.user)
    return made


@pytest.fixture
def me(reader: Person) -> MailIdentity:
    return own_mailbox(reader.user, reader.box.pk)


def rows(me: MailIdentity, path: str = "INBOX", view: str = "all") -> list[ListRow]:
    listing = folder_screen(me, path, view=view, number=1).listing
    assert listing is not None
    return listing.rows


def subjects(me: MailIdentity, path: str = "INBOX", view: str = "all") -> list[str]:
    return [row.subject for row in rows(me, path, view)]


def url_of(me: MailIdentity, path: str = "INBOX") -> str:
    return f"/mail/{me.mailbox_id}/f/{folder_id(path)}/"


def act(
    client: Client, me: MailIdentity, action: str, row: ListRow, path: str = "INBOX", **more: Any
) -> Any:
    return client.post(
        f"{url_of(me, path)}act/",
        {"action": action, "uid": row.uid, "uid_validity": row.url.split("/")[-3], **more},
        headers={"Accept": "application/json"},
    )


def test_the_way_in_leads_to_ones_own_inbox(client: Client, me: MailIdentity) -> None:
    assert client.get("/mail/")["Location"] == url_of(me)


def test_delivered_mail_is_listed_newest_first_with_sender_and_preview(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    for n in (1, 2):
        deliver(
            stack,
            me.address,
            letter(
                me.address,
                subject=f"Thư số {n}",
                text=f"Nội dung {n}\n",
                sender="Phạm Ánh <anh@partner.test>",
            ),
        )
    assert subjects(me) == ["Thư số 2", "Thư số 1"]
    page = client.get(url_of(me)).content.decode()
    assert "Phạm Ánh" in page
    assert "Nội dung 2" in page
    assert re.search(r"\(2\) Inbox", page)


def test_opening_marks_as_read_but_looking_ahead_does_not(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    deliver(stack, me.address, letter(me.address, subject="Mới"))
    [row] = rows(me)
    client.get(f"{row.url}?peek=1")
    assert rows(me)[0].is_unread
    assert client.get(row.url).status_code == 200
    assert not rows(me)[0].is_unread


def test_a_deed_removes_and_undo_brings_back_to_the_same_place(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    for n in range(3):
        deliver(stack, me.address, letter(me.address, subject=f"Thư {n}"))
    before = subjects(me)
    middle = rows(me)[1]
    done = act(client, me, "archive", middle).json()
    assert done["removed"] is True
    assert "1 message archived" in done["text"]
    assert subjects(me) == [before[0], before[2]]
    assert subjects(me, "Archive") == [before[1]]
    answer = client.post(
        f"/mail/{me.mailbox_id}/undo/",
        {"token": done["undo"]},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 200
    assert sorted(subjects(me)) == sorted(before)
    assert subjects(me, "Archive") == []


@pytest.mark.parametrize(
    ("deed", "folder"), [("delete", "Trash"), ("spam", "Junk"), ("archive", "Archive")]
)
def test_each_deed_has_its_folder(
    deed: str, folder: str, client: Client, me: MailIdentity, stack: Stack
) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    act(client, me, deed, rows(me)[0])
    assert subjects(me, folder) == ["x"]


def test_spam_is_learned_and_forgotten_by_undo(me: MailIdentity, stack: Stack) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    row = rows(me)[0]
    validity = int(row.url.split("/")[-3])
    done = act_on_messages(me, path="INBOX", uid_validity=validity, uids=[row.uid], deed=Deed.SPAM)

    def flags(path: str) -> frozenset[bytes]:
        with borrow(me) as session:
            messages.open_folder(session, path)
            return next(
                iter(messages.fetch_flags(session, [r.uid for r in rows(me, path)]).values())
            )

    assert b"$Junk" in flags("Junk")
    undo(me, done.undo)
    assert b"$Junk" not in flags("INBOX")


def test_flags_go_both_ways_and_only_what_changed_is_undone(me: MailIdentity, stack: Stack) -> None:
    for n in range(2):
        deliver(stack, me.address, letter(me.address, subject=str(n)))
    newest, oldest = rows(me)
    validity = int(newest.url.split("/")[-3])
    uids = [newest.uid, oldest.uid]
    act_on_messages(me, path="INBOX", uid_validity=validity, uids=[newest.uid], deed=Deed.READ)
    done = act_on_messages(me, path="INBOX", uid_validity=validity, uids=uids, deed=Deed.READ)
    assert [r.is_unread for r in rows(me)] == [False, False]
    undo(me, done.undo)
    assert [r.is_unread for r in rows(me)] == [False, True]
    act_on_messages(me, path="INBOX", uid_validity=validity, uids=uids, deed=Deed.STAR)
    assert len(subjects(me, view="starred")) == 2
    assert len(subjects(me, view="unread")) == 1


def test_messages_move_to_a_folder_made_on_the_way(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    made = client.post(
        f"/mail/{me.mailbox_id}/folders/new/",
        {"name": "Khách hàng"},
        headers={"Accept": "application/json"},
    )
    target = made.json()["id"]
    act(client, me, "move", rows(me)[0], target=target)
    assert subjects(me, "Khách hàng") == ["x"]
    assert "Khách hàng" in client.get(url_of(me)).content.decode()


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a*b", 'a"b', "~x", "x" * 90, "a\r\nb DELETE INBOX"]
)
def test_names_that_are_no_folders_are_refused_or_tamed(
    name: str, client: Client, me: MailIdentity
) -> None:
    answer = client.post(
        f"/mail/{me.mailbox_id}/folders/new/",
        {"name": name},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code in (400, 422) or answer.json()["path"] == "a b DELETE INBOX"
    assert subjects(me) == []


def folder_paths(me: MailIdentity) -> set[str]:
    return {one.path for one in folder_state(me) if not one.special_use}


def change(client: Client, me: MailIdentity, path: str, **sent: str) -> Answer:
    return client.post(f"/mail/{me.mailbox_id}/f/{folder_id(path)}/change/", sent)


def test_a_wrong_folder_name_comes_back_with_its_reason(client: Client, me: MailIdentity) -> None:
    answer = client.post(f"/mail/{me.mailbox_id}/folders/new/", {"name": "Hóa đơn/2026"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert 'value="Hóa đơn/2026"' in page
    assert "A folder name cannot hold" in page


def test_a_folder_is_renamed_with_those_inside(client: Client, me: MailIdentity) -> None:
    create_folder(me, name="Khách")
    create_folder(me, name="Huế", inside="Khách")
    assert (
        "Khách"
        in client.get(f"/mail/{me.mailbox_id}/f/{folder_id('Khách')}/change/").content.decode()
    )
    assert change(client, me, "Khách", action="rename", name="Khách hàng").status_code == 302
    assert folder_paths(me) == {"Khách hàng", "Khách hàng/Huế"}
    assert all(one.is_subscribed for one in folder_state(me) if not one.special_use)
    create_folder(me, name="Tàu")
    taken = change(client, me, "Tàu", action="rename", name="khách hàng")
    assert taken.status_code == 409
    assert "exists already" in taken.content.decode()
    assert change(client, me, "Tàu", action="rename", name="tàu").status_code == 302
    assert folder_paths(me) == {"Khách hàng", "Khách hàng/Huế", "tàu"}


def test_a_folder_deleted_elsewhere_this_moment_breaks_no_page(
    client: Client, me: MailIdentity, reader: Person, imap: Callable[[Person], IMAP4_SSL]
) -> None:
    create_folder(me, name="Cũ")
    program = imap(reader)
    assert client.get(f"/mail/{me.mailbox_id}/f/{folder_id('Cũ')}/").status_code == 200
    assert program.delete('"C&AWk-"')[0] == "OK"
    assert client.get(url_of(me)).status_code == 200


def test_a_deleted_folder_lies_in_trash_with_its_mail_until_it_is_deleted_there(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    create_folder(me, name="Cũ")
    deliver(stack, me.address, letter(me.address, subject="x"))
    act(client, me, "move", rows(me)[0], target=folder_id("Cũ"))
    assert change(client, me, "Cũ", action="restore").status_code == 404
    change(client, me, "Cũ", action="remove")
    assert folder_paths(me) == {"Trash/Cũ"}
    assert subjects(me, "Trash/Cũ") == ["x"]
    column = folder_screen(me, "Trash", view="all", number=1).folders
    assert [item.label for item in column.special[-2:]] == ["Trash", "Cũ"]
    assert column.own == []
    change(client, me, "Trash/Cũ", action="restore")
    assert subjects(me, "Cũ") == ["x"]
    create_folder(me, name="Cũ", inside="Trash")
    change(client, me, "Cũ", action="remove")
    assert folder_paths(me) == {"Trash/Cũ", "Trash/Cũ 2"}
    change(client, me, "Trash/Cũ", action="remove")
    change(client, me, "Trash/Cũ 2", action="remove")
    assert folder_paths(me) == set()


@pytest.mark.parametrize("path", ["INBOX", "Sent", "Trash", "Không có"])
@pytest.mark.parametrize("action", ["rename", "remove", "restore"])
def test_special_folders_stay_as_they_are(
    client: Client, me: MailIdentity, path: str, action: str
) -> None:
    before = folder_state(me)
    assert change(client, me, path, action=action, name="x").status_code == 404
    assert {one.path for one in folder_state(me)} == {one.path for one in before}


def test_deleting_for_good_is_possible_in_trash_only(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    assert act(client, me, "erase", rows(me)[0]).status_code == 400
    act(client, me, "delete", rows(me)[0])
    assert act(client, me, "erase", rows(me, "Trash")[0], "Trash").json()["undo"] == ""
    assert subjects(me, "Trash") == []


def test_without_script_a_deed_redirects_with_a_toast_that_can_undo(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    row = rows(me)[0]
    answer = client.post(
        f"{url_of(me)}act/",
        {
            "action": "archive",
            "uid": row.uid,
            "uid_validity": row.url.split("/")[-3],
            "next": url_of(me),
        },
    )
    assert answer.status_code == 303
    page = client.get(answer["Location"]).content.decode()
    assert "1 message archived" in page
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token is not None
    client.post(f"/mail/{me.mailbox_id}/undo/", {"token": token[1]})
    assert subjects(me) == ["x"]


@pytest.mark.parametrize(
    "next_url", ["//evil.test/", "https://evil.test/", "/\\evil.test", "javascript:x"]
)
def test_a_deed_never_leads_off_the_site(
    next_url: str, client: Client, me: MailIdentity, stack: Stack
) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    row = rows(me)[0]
    answer = client.post(
        f"{url_of(me)}act/",
        {
            "action": "read",
            "uid": row.uid,
            "uid_validity": row.url.split("/")[-3],
            "next": next_url,
        },
    )
    assert answer["Location"].startswith("/mail/")


def test_an_undo_of_somebody_else_is_refused(
    client: Client, me: MailIdentity, live: World, stack: Stack
) -> None:
    other = live.person()
    them = own_mailbox(other.user, other.box.pk)
    deliver(stack, them.address, letter(them.address, subject="x"))
    row = rows(them)[0]
    done = act_on_messages(
        them,
        path="INBOX",
        uid_validity=int(row.url.split("/")[-3]),
        uids=[row.uid],
        deed=Deed.ARCHIVE,
    )
    for token in (done.undo, "nonsense", ""):
        answer = client.post(
            f"/mail/{me.mailbox_id}/undo/", {"token": token}, headers={"Accept": "application/json"}
        )
        assert answer.status_code == 400
    assert subjects(them, "Archive") == ["x"]


# ---- search


def test_search_finds_words_without_accents(client: Client, me: MailIdentity, stack: Stack) -> None:
    deliver(
        stack, me.address, letter(me.address, subject="Hóa đơn tháng 11", text="Kính gửi chị\n")
    )
    deliver(stack, me.address, letter(me.address, subject="Họp tuần", text="Ký hợp đồng\n"))
    deliver(stack, me.address, letter(me.address, subject="Đơn xin nghỉ", text="hoa đơn bội\n"))

    def found(text: str) -> set[str]:
        return {row.subject for row in search_screen(me, text, number=1).rows}

    assert until(lambda: "Hóa đơn tháng 11" in found("hoa don"), what="the index")
    assert found("hóa đơn") == {"Hóa đơn tháng 11", "Đơn xin nghỉ"}
    assert found("ky") == {"Họp tuần"}
    assert found("subject:don") == {"Hóa đơn tháng 11", "Đơn xin nghỉ"}
    assert found("hop -") == {"Họp tuần"}
    assert found("is:starred") == set()
    page = client.get(f"/mail/{me.mailbox_id}/search/", {"q": "hoa don"}).content.decode()
    assert "<mark>Hóa</mark> <mark>đơn</mark>" in page


def test_search_looks_into_every_folder_but_trash_and_spam(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    for n in range(3):
        deliver(stack, me.address, letter(me.address, subject=f"quýtngọt {n}"))
    act(client, me, "archive", rows(me)[0])
    act(client, me, "delete", rows(me)[0])
    until(lambda: search_screen(me, "quytngot", number=1).total == 2, what="two of three found")
    everywhere = search_screen(me, "quytngot in:anywhere", number=1)
    assert everywhere.total == 3
    assert {row.place for row in everywhere.rows} == {"Inbox", "Archive", "Trash"}
    assert search_screen(me, "quytngot in:archive", number=1).total == 1
    assert search_screen(me, "quytngot in:nowhere", number=1).unknown_folder == "nowhere"


@pytest.mark.parametrize(
    "text", ["x\r\nZ1 DELETE Archive", '"', "(", "\\", "\x00", "{5}", "from:", "*" * 600]
)
def test_nothing_typed_into_the_search_box_is_a_command(
    text: str, client: Client, me: MailIdentity
) -> None:
    assert client.get(f"/mail/{me.mailbox_id}/search/", {"q": text}).status_code == 200
    with borrow(me) as session:
        assert "Archive" in {f.path for f in folders.list_folders(session)}


# ---- addresses that lead nowhere


def test_what_is_not_there_is_404(
    client: Client, me: MailIdentity, stack: Stack, live: World
) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    row = rows(me)[0]
    inbox = url_of(me)
    other = live.person().box.pk
    validity = row.url.split("/")[-3]
    for url in (
        url_of(me, "No such folder"),
        f"/mail/{me.mailbox_id}/f/***/",
        f"{inbox}{validity}/9999/",
        f"{inbox}{validity}/0/",
        f"{inbox}{validity}/99999999999999/",
        f"{row.url}part/7/",
        f"{row.url}part/1.TEXT/",
        f"{row.url}inline/1/",
        f"/mail/{other}/f/SU5CT1g/",
        "/mail/999999999999999999999/f/SU5CT1g/",
    ):
        assert client.get(url).status_code == 404, url


def test_a_rebuilt_folder_says_so(client: Client, me: MailIdentity, stack: Stack) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    row = rows(me)[0]
    answer = client.get(f"{url_of(me)}1/{row.uid}/")
    assert answer.status_code == 404
    assert "rebuilt" in answer.content.decode()


# ---- what is shown


def test_html_has_an_address_and_a_policy_of_its_own(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    message = letter(me.address, subject="x")
    message.add_alternative(
        '<p>a</p><script>x</script><img src="http://beacon.test/x.png">', subtype="html"
    )
    deliver(stack, me.address, message)
    row = rows(me)[0]
    page = client.get(row.url).content.decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox allow-same-origin"' in page
    assert "1 remote image is blocked" in page
    frame = re.search(r'<iframe[^>]* src="([^"]+)"', page)
    assert frame is not None
    body = client.get(frame[1])
    policy = body["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert body["X-Frame-Options"] == "SAMEORIGIN"
    assert "immutable" in body["Cache-Control"]
    assert b"script>" not in body.content
    assert b"beacon.test" not in body.content
    shown = client.get(f"{row.url}body/?images=1").content.decode()
    assert f"/mail/{me.mailbox_id}/image/?u=http%3A%2F%2Fbeacon.test" in shown


def test_image_links_are_sealed(
    client: Client, me: MailIdentity, stack: Stack, live: World
) -> None:
    message = letter(me.address, subject="x")
    message.add_alternative('<img src="http://127.0.0.1:1/x.png">', subtype="html")
    deliver(stack, me.address, message)
    row = rows(me)[0]
    shown = client.get(f"{row.url}body/?images=1").content.decode().replace("&amp;", "&")
    link = re.search(r'src="(/mail/[^"]+)"', shown)
    assert link is not None
    assert client.get(link[1]).status_code == 404  # sealed, but the address leads inward
    changed = link[1].replace("127.0.0.1", "127.0.0.2")
    assert client.get(changed).status_code == 404
    other = live.person()
    stranger = Client()
    stranger.force_login(other.user)
    assert stranger.get(link[1]).status_code == 404
    assert (
        stranger.get(
            link[1].replace(f"/mail/{me.mailbox_id}/", f"/mail/{other.box.pk}/")
        ).status_code
        == 404
    )


def test_files_are_only_ever_downloads(client: Client, me: MailIdentity, stack: Stack) -> None:
    message = letter(me.address, subject="x")
    message.add_attachment(
        b"<script>alert(1)</script>", maintype="text", subtype="html", filename="Hóa đơn.html"
    )
    message.add_attachment(
        bytes(range(256)) * 5000, maintype="application", subtype="octet-stream", filename="a.bin"
    )
    deliver(stack, me.address, message)
    row = rows(me)[0]
    page = client.get(row.url).content.decode()
    links = re.findall(r'class="attachment" href="([^"]+)"', page)
    assert len(links) == 2
    first = client.get(links[0])
    assert first["Content-Type"] == "application/octet-stream"
    assert first["Content-Disposition"].startswith("attachment; filename=")
    assert "filename*=UTF-8''H%C3%B3a%20%C4%91%C6%A1n.html" in first["Content-Disposition"]
    assert first["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in first["Content-Security-Policy"]
    second = b"".join(client.get(links[1]).streaming_content)  # type: ignore[attr-defined]
    assert second == bytes(range(256)) * 5000
    archive = client.get(f"{row.url}files/")
    assert b"".join(archive.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]
    source = client.get(f"{row.url}source/")
    assert b"Subject: x" in b"".join(source.streaming_content)  # type: ignore[attr-defined]


def test_lists_answer_304_until_something_changes(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    deliver(stack, me.address, letter(me.address, subject="x"))
    client.get(url_of(me))
    tag = client.get(url_of(me))["ETag"]
    validity, _, rest = tag.removeprefix('W/"').partition(".")
    assert validity.isdigit()
    assert rest
    assert client.get(url_of(me), headers={"If-None-Match": tag}).status_code == 304
    assert (
        client.get(f"{url_of(me)}?view=unread", headers={"If-None-Match": tag}).status_code == 200
    )
    deliver(stack, me.address, letter(me.address, subject="y"))
    assert client.get(url_of(me), headers={"If-None-Match": tag}).status_code == 200


def test_the_webmail_and_mail_programs_are_told_apart_in_last_sign_ins(
    client: Client,
    me: MailIdentity,
    reader: Person,
    stack: Stack,
    imap: Callable[[Person], IMAP4_SSL],
) -> None:
    def services() -> set[str]:
        return {one.service for one in sign_ins_of(reader.box)}

    client.get(url_of(me))
    assert until(services) == {"webmail"}
    imap(reader)
    assert until(lambda: services() - {"webmail"}) == {"imap"}
    with submission(stack, reader) as program:
        program.send_message(letter(me.address, sender=me.address), me.address, [me.address])
    assert until(lambda: services() - {"webmail", "imap"}) == {"smtp"}
    upload(stack, reader, "keep;")
    assert until(lambda: services() - {"webmail", "imap", "smtp"}) == {"sieve"}


def test_after_an_upgrade_no_list_of_yesterday_is_kept(
    client: Client, me: MailIdentity, settings: Settings, tmp_path: Path
) -> None:
    client.get(url_of(me))
    tag = client.get(url_of(me))["ETag"]
    assert client.get(url_of(me), headers={"If-None-Match": tag}).status_code == 304
    names = (settings.STATIC_ROOT / "staticfiles.json").read_bytes()
    (tmp_path / "staticfiles.json").write_bytes(names + b"\n")
    settings.STATIC_ROOT = tmp_path
    release_digest.cache_clear()
    try:
        assert client.get(url_of(me), headers={"If-None-Match": tag}).status_code == 200
    finally:
        release_digest.cache_clear()


def test_pages_ask_the_database_few_questions(
    client: Client, me: MailIdentity, stack: Stack
) -> None:
    deliver(stack, me.address, letter(me.address, subject="x", sender="Ai Đó <ai@partner.test>"))
    row = rows(me)[0]
    for url in (url_of(me), row.url, f"/mail/{me.mailbox_id}/search/?q=x", f"{row.url}body/"):
        with CaptureQueriesContext(connection) as asked:
            client.get(url)
        assert len(asked) <= 7, (url, [q["sql"] for q in asked])


# ---- odd mail


def odd(name: str, to: str) -> bytes:
    """Return a message that makes trouble elsewhere."""
    references = "\r\n ".join(f"<{n}@partner.test>" for n in range(2000))
    parts = "".join(f"--b\r\nContent-Type: text/plain\r\n\r\n{n}\r\n" for n in range(10_000))
    nested = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(200)
    )
    rest = {
        "ten thousand parts": f'Content-Type: multipart/mixed; boundary="b"\r\n\r\n{parts}--b--',
        "large header": "".join(f"X-{n}: {'v' * 190}\r\n" for n in range(1000)) + "\r\nx",
        "two thousand references": f"References: {references}\r\n\r\nx",
        "year 99999": "Date: Fri, 20 Nov 99999 09:00:00 +0700\r\n\r\nx",
        "unknown charset": "Content-Type: text/plain; charset=x-martian\r\n\r\nTiếng Việt",
        "deep nesting": f"{nested}Content-Type: text/plain\r\n\r\nx",
        "deep html": f"Content-Type: text/html\r\n\r\n{'<div>' * 50_000}words",
        "large html": f"Content-Type: text/html\r\n\r\n{'<p>words</p>' * 300_000}",
        "long file name": f'Content-Type: application/pdf; name="{"n" * 5000}.pdf"\r\n\r\nx',
    }[name]
    head = f"From: a@partner.test\r\nTo: {to}\r\nSubject: odd {name}\r\nMIME-Version: 1.0\r\n"
    return f"{head}{rest}\r\n".encode()


@pytest.mark.parametrize(
    "name",
    [
        "ten thousand parts", "large header", "two thousand references", "year 99999", "unknown charset",
        "deep nesting", "deep html", "large html", "long file name",
    ],
)  # fmt: skip
def test_odd_mail_is_listed_opened_soon_and_deletable(
    name: str, client: Client, me: MailIdentity, stack: Stack
) -> None:
    deliver(stack, me.address, odd(name, me.address))
    [row] = rows(me)
    assert row.subject == f"odd {name}"
    started = time.monotonic()
    assert client.get(row.url).status_code == 200
    assert client.get(f"{row.url}body/").status_code == 200
    assert time.monotonic() - started < 5
    assert act(client, me, "delete", row).status_code == 200
    assert subjects(me) == []
    assert subjects(me, "Trash") == [f"odd {name}"]


def test_a_page_far_back_costs_no_more_than_the_first(me: MailIdentity) -> None:
    mime = b"From: a@partner.test\r\nSubject: %d\r\n\r\nx\r\n"
    with borrow(me) as session:
        for n in range(120):
            messages.append(session, "INBOX", mime % n)
    listing = folder_screen(me, "INBOX", view="all", number=3).listing
    assert listing is not None
    assert [row.subject for row in listing.rows] == [str(n) for n in range(19, -1, -1)]
    assert (listing.first, listing.last, listing.pages) == (101, 120, 3)
    assert listing.older_url == ""
    assert "page=2" in listing.newer_url
    middle = MessageRef(me.mailbox_id, "INBOX", listing.uid_validity, listing.rows[0].uid + 30)
    screen = message_screen(me, middle, plain=False)
    assert screen.listing is not None
    assert screen.listing.number == 2
    assert screen.reader is not None
    assert 51 <= screen.reader.position <= 100
