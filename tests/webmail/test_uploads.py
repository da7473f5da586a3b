"""Files of composers are stored once, belong to one mailbox, and do not pile up."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.utils import timezone

from tests.webmail.writing import identity_of
from webmail.errors import PartGone
from webmail.models import ComposeUpload
from webmail.selectors.uploads import path_of, picture_type, upload_cards, upload_of
from webmail.services.add_upload import add_upload, touch_uploads
from webmail.services.remove_upload import purge_uploads, remove_upload

if TYPE_CHECKING:
    from tests.world import Person, World


def add(person: Person, **changes: object) -> ComposeUpload:
    values = {
        "compose_id": uuid4(),
        "name": "a.txt",
        "content_type": "text/plain",
        "size_bytes": 3,
        "chunks": [b"abc"],
    } | changes
    return add_upload(identity_of(person), **values)  # type: ignore[arg-type]  # of a test's own choice


def age(row: ComposeUpload, *, days: int) -> None:
    """Make one file older; moving the clock instead would purge what other tests hold."""
    then = timezone.now() - timedelta(days=days, minutes=1)
    ComposeUpload.objects.filter(pk=row.pk).update(touched_at=then)
    os.utime(path_of(row), (then.timestamp(), then.timestamp()))


def test_a_file_is_named_by_us_on_the_disk(world: World) -> None:
    row = add(world.person(), name="../../etc/passwd\r\n.txt")
    assert path_of(row).name == row.key.hex
    assert path_of(row).read_bytes() == b"abc"
    assert "/" not in row.file_name
    assert row.file_name.isprintable()


def test_the_same_key_is_stored_once(world: World) -> None:
    person, key = world.person(), uuid4()
    first = add(person, key=key)
    assert add(person, key=key).pk == first.pk
    assert ComposeUpload.objects.filter(key=key).count() == 1


def test_another_mailbox_does_not_find_it(world: World) -> None:
    row = add(world.person())
    with pytest.raises(PartGone):
        upload_of(world.person().box.pk, row.key)


def test_another_mailbox_cannot_remove_it(world: World) -> None:
    row = add(world.person())
    remove_upload(identity_of(world.person()), compose_id=row.compose_id, key=row.key)
    assert path_of(row).exists()


def test_a_removed_file_leaves_nothing_behind(world: World) -> None:
    person = world.person()
    row = add(person)
    remove_upload(identity_of(person), compose_id=row.compose_id, key=row.key)
    assert not path_of(row).exists()
    assert not path_of(row).parent.exists()
    assert upload_cards(person.box.pk, row.compose_id) == []


def test_two_days_untouched_and_it_goes(world: World) -> None:
    person = world.person()
    old, kept = add(person), add(person)
    age(old, days=2)
    age(kept, days=2)
    touch_uploads(identity_of(person), kept.compose_id)
    purge_uploads()
    assert not ComposeUpload.objects.filter(pk=old.pk).exists()
    assert ComposeUpload.objects.filter(pk=kept.pk).exists()


def test_a_file_that_no_row_names_goes_too(world: World) -> None:
    row = add(world.person())
    ComposeUpload.objects.filter(pk=row.pk).delete()
    purge_uploads()
    assert path_of(row).exists()
    age(row, days=2)
    purge_uploads()
    assert not path_of(row).exists()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"<svg onload=alert(1)>", ""),
        (b"<html><script>", ""),
        (b"", ""),
    ],
)
def test_only_raster_pictures_are_shown(world: World, head: bytes, kind: str) -> None:
    row = add(world.person(), chunks=[head], content_type="image/png")
    assert picture_type(path_of(row)) == kind
