"""A log file is followed by inode: nothing twice, nothing left out, across renames."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailserver.logs.follow import Chunk, Follower, Position


class Log:
    """A log file and somebody who reads it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "postfix.log"
        self.follower = Follower(self.path, settle_seconds=0)
        self.position = Position()
        self.rotations = 0

    def write(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(text)

    def rotate(self) -> None:
        self.rotations += 1
        self.path.rename(self.path.with_name(f"postfix.log.{self.rotations:03}"))

    def step(self, **more: int) -> Chunk:
        chunk = self.follower.read(self.position, **more)
        self.position = chunk.position
        return chunk

    def all(self, **more: int) -> list[bytes]:
        lines: list[bytes] = []
        for _ in range(200):
            before = self.position
            chunk = self.step(**more)
            lines += chunk.lines
            if chunk.is_end and chunk.position == before:
                return lines
        pytest.fail("the end is never reached")


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_only_whole_lines_are_read(log: Log) -> None:
    log.write("one\ntwo\nthr")
    assert log.all() == [b"one", b"two"]
    log.write("ee\n")
    assert log.all() == [b"three"]


def test_a_missing_file_is_waited_for(log: Log) -> None:
    chunk = log.step()
    assert not chunk.lines
    assert not chunk.is_end
    log.write("one\n")
    assert log.all() == [b"one"]


def test_the_rest_of_a_renamed_file_is_read_before_the_new_one(log: Log) -> None:
    log.write("one\n")
    assert log.all() == [b"one"]
    log.write("two\n")
    log.rotate()
    log.write("three\n")
    assert log.all() == [b"two", b"three"]


def test_a_reader_that_slept_through_two_rotations_goes_through_both(log: Log) -> None:
    log.write("one\n")
    assert log.all() == [b"one"]
    for number, text in enumerate(["two\n", "three\n"]):
        log.write(text)
        log.rotate()
        stamp = 1_700_000_000 + number
        renamed = log.path.with_name(f"postfix.log.{log.rotations:03}")
        import os

        os.utime(renamed, (stamp, stamp))
    log.write("four\n")
    assert log.all() == [b"two", b"three", b"four"]


def test_between_rename_and_reload_the_old_file_still_counts(log: Log) -> None:
    log.write("one\n")
    log.step()
    log.write("two\n")
    log.rotate()
    assert log.all() == [b"two"]


def test_a_writer_that_still_holds_the_old_file_is_waited_for(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.follower = Follower(log.path, settle_seconds=60)
    log.write("one\n")
    log.step()
    with log.path.open("a") as late:
        log.rotate()
        log.write("three\n")
        assert log.step().lines == ()
        late.write("two\n")
        late.flush()
        assert log.step().lines == (b"two",)
    assert not log.step().is_end  # still settling


def test_half_a_line_at_the_end_of_a_closed_file_is_not_lost(log: Log) -> None:
    log.write("one\ntwo")
    log.step()
    log.rotate()
    log.write("three\n")
    assert log.all() == [b"two", b"three"]


def test_a_file_truncated_in_place_is_read_from_its_start(log: Log) -> None:
    log.write("one\ntwo\n")
    log.all()
    log.path.write_text("x\n")
    assert log.all() == [b"x"]


def test_a_file_that_vanished_is_reported_as_a_gap(log: Log) -> None:
    log.write("one\n")
    log.step()
    log.position = Position(log.position.inode + 10_000_000, 4)
    chunk = log.step()
    assert chunk.is_gap
    assert log.all() == [b"one"]


def test_a_line_longer_than_the_limit_does_not_stop_the_reading(log: Log) -> None:
    log.write("x" * 200 + "\nshort\n")
    assert log.all(limit=64)[-1] == b"short"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), st.text("ab\n", min_size=1, max_size=12)),
            st.tuples(st.just("read"), st.just("")),
            st.tuples(st.just("rotate"), st.just("")),
        ),
        max_size=25,
    )
)
def test_every_line_comes_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, str]]
) -> None:
    """Lines may be cut by a rotation, as the writer would never do; their bytes still all come."""
    log = Log(tmp_path_factory.mktemp("log"))
    log.write("")
    log.step()
    written = ""
    read: list[bytes] = []
    for act, text in acts:
        if act == "write":
            log.write(text)
            written += text
        elif act == "read":
            read += log.step().lines
        else:
            read += log.all()
            log.rotate()
            if written and not written.endswith("\n"):
                written += "\n"
            log.write("")
    log.write("\n")
    written += "\n"
    read += log.all()
    expected = [line for line in written.encode().split(b"\n") if line]
    assert [line for line in read if line] == expected
