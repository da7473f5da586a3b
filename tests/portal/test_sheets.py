"""Spreadsheets in: whatever encoding, separator or malice; and out: nothing a program would run."""

from __future__ import annotations

import csv
import io
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.sheets import SheetRefused, csv_stream, neutral, read_sheet, xlsx_stream
from portal.sheets.workbook import MAX_PART

TABLE = "Họ tên;Địa chỉ\nNguyễn Hữu Ấn;an@a.test\nĐỗ Quỳnh;quynh@a.test\n"
ROWS = [["Họ tên", "Địa chỉ"], ["Nguyễn Hữu Ấn", "an@a.test"], ["Đỗ Quỳnh", "quynh@a.test"]]


def cells(content: bytes, **how: str) -> list[list[str]]:
    return [row for _line, row in read_sheet(content, **how).rows]


def book(*rows: list[object]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def rebuilt(content: bytes, **parts: bytes) -> bytes:
    """Return the workbook with some parts replaced (`sheet1` for xl/worksheets/sheet1.xml)."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            stem = "" if "rels" in name else name.rpartition("/")[2].partition(".")[0]
            new.writestr(name, parts.get(stem, old.read(name)))
        if "sharedStrings" in parts:
            new.writestr("xl/sharedStrings.xml", parts["sharedStrings"])
    return out.getvalue()


def vietnamese_1258(text: str) -> bytes:
    """Encode as old Vietnamese Windows programs do: the tone follows its vowel."""
    out = b""
    for character in text:
        try:
            out += character.encode("cp1258")
        except UnicodeEncodeError:
            out += _decomposed(character).encode("cp1258")
    return out


def _decomposed(character: str) -> str:
    import unicodedata

    parts = unicodedata.normalize("NFD", character)
    tone = next(c for c in parts if c in "\u0300\u0301\u0303\u0309\u0323")
    return unicodedata.normalize("NFC", parts.replace(tone, "")) + tone


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TABLE.encode(), "utf-8"),
        (TABLE.encode("utf-8-sig"), "utf-8"),
        (TABLE.encode("utf-16"), "utf-16"),
        (TABLE.encode("utf-16-le"), "utf-16-le"),
        (TABLE.encode("utf-16-be"), "utf-16-be"),
        (vietnamese_1258(TABLE), "cp1258"),
    ],
)
def test_the_encoding_is_found(content: bytes, encoding: str) -> None:
    sheet = read_sheet(content)
    assert (sheet.encoding, sheet.separator) == (encoding, ";")
    assert [row for _line, row in sheet.rows] == ROWS


def test_western_names_are_not_taken_for_vietnamese() -> None:
    content = "name,address\nNicolò Müller,n@a.test\nJosé Señor,j@a.test\n".encode("cp1252")
    sheet = read_sheet(content)
    assert sheet.encoding == "cp1252"
    assert next(row for line, row in sheet.rows if line == 2)[0] == "Nicolò Müller"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(separator: str) -> None:
    content = TABLE.replace(";", separator).encode()
    assert read_sheet(content).separator == separator
    assert cells(content) == ROWS


def test_a_wrong_choice_of_encoding_is_a_sentence() -> None:
    with pytest.raises(SheetRefused, match="sheet_refused") as caught:
        cells(vietnamese_1258(TABLE), encoding="utf-8")
    assert "UTF-8" in str(caught.value.message)


def test_lines_keep_their_number_over_blank_ones_and_cells_with_line_breaks() -> None:
    content = b'a,b\n\n"two\nlines",x\n,,\nlast,y\n'
    assert list(read_sheet(content).rows) == [
        (1, ["a", "b"]),
        (3, ["two\nlines", "x"]),
        (6, ["last", "y"]),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xef\xbb\xbf \r\n",
        b"a,b\nx\0y,z\n",
        b"name,address\n" + b"x" * 2_000_000 + b"\n",
        b'name,address\n"never closed,a@b.test\n' * 2,
        b"a,b\n" + b"x," * 500 + b"x\n",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512,
        b"PK\x03\x04" + b"broken" * 50,
    ],
)
def test_what_is_no_table_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(SheetRefused) as caught:
        cells(content)
    assert str(caught.value.message).endswith((".", "?"))


def test_a_workbook_gives_text_as_it_is_shown() -> None:
    content = book(["Name", "Quota", "x"], ["Ấn", 10, 2.5], [None, "", "z"])
    assert cells(content) == [["Name", "Quota", "x"], ["Ấn", "10", "2.5"], ["", "", "z"]]


def test_the_first_tab_counts_not_the_first_file() -> None:
    made = openpyxl.Workbook()
    made.active.append(["second"])
    made.create_sheet("A", 0).append(["first"])
    out = io.BytesIO()
    made.save(out)
    with zipfile.ZipFile(out) as archive:
        links = archive.read("xl/_rels/workbook.xml.rels")
    swapped = links.replace(b"sheet1.xml", b"sheetX").replace(b"sheet2.xml", b"sheet1.xml")
    renamed, parts = swapped.replace(b"sheetX", b"sheet2.xml"), {}
    with zipfile.ZipFile(out) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    parts["xl/_rels/workbook.xml.rels"] = renamed
    one, two = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"
    parts[one], parts[two] = parts[two], parts[one]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    assert cells(content.getvalue()) == [["first"]]


@pytest.mark.parametrize(
    "sheet1",
    [
        b'<?xml version="1.0" encoding="no-such-thing"?><worksheet/>',
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="' + b"9" * 5000 + b'"><c t="inlineStr"><is><t>x</t></is></c></row>'
        b"</sheetData></worksheet>",
    ],
)
def test_a_number_or_an_encoding_that_nobody_has_is_refused_in_words(sheet1: bytes) -> None:
    with pytest.raises(SheetRefused):
        cells(rebuilt(book(["a"]), sheet1=sheet1))


def test_shared_strings_are_looked_up_and_odd_numbers_give_nothing() -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    content = rebuilt(
        book(["x"]),
        sharedStrings=(
            f'<sst xmlns="{main}"><si><t>Ấ</t></si><si><r><t>h</t></r><r><t>ai</t></r></si></sst>'
        ).encode(),
        sheet1=(
            f'<worksheet xmlns="{main}"><sheetData><row r="7"><c r="B7" t="s"><v>1</v></c>'
            '<c t="s"><v>0</v></c><c t="s"><v>99</v></c><c t="s"><v>-1</v></c>'
            '<c t="b"><v>1</v></c></row></sheetData></worksheet>'
        ).encode(),
    )
    assert list(read_sheet(content).rows) == [(7, ["", "hai", "Ấ", "", "", "1"])]


def test_a_formula_in_a_workbook_is_never_calculated() -> None:
    assert cells(book(["a", "b"], ["=1+1", "x"])) == [["a", "b"], ["", "x"]]


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = rebuilt(book(["a"]), sheet1=b"<worksheet>" + b" " * (MAX_PART + 1) + b"</worksheet>")
    assert len(bomb) < 200_000
    with pytest.raises(SheetRefused, match="sheet_refused"):
        cells(bomb)


def test_a_zip_bomb_that_lies_about_its_size_is_refused_too() -> None:
    bomb = bytearray(
        rebuilt(book(["a"]), sheet1=b"<worksheet>" + b" " * (MAX_PART + 1) + b"</worksheet>")
    )
    honest = (MAX_PART + 24).to_bytes(4, "little")
    assert bomb.count(honest)
    with pytest.raises(SheetRefused):
        cells(bytes(bomb).replace(honest, (1000).to_bytes(4, "little")))


@pytest.mark.parametrize("part", ["sheet1", "sharedStrings"])
def test_billion_laughs_and_outside_entities_are_refused(part: str) -> None:
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9))
    for inside in (f'<!ENTITY l0 "ha">{laughs}', '<!ENTITY l9 SYSTEM "file:///etc/passwd">'):
        xml = f"<!DOCTYPE x [{inside}]><x>&l9;</x>".encode()
        content = rebuilt(book(["text", "b"]), **{part: xml})
        with pytest.raises(SheetRefused) as caught:
            cells(content)
        assert "entities" in str(caught.value.message)


FORMULAS = ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "  =1", "=cmd|' /C calc'!A0", "＝1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_written_as_text(text: str) -> None:
    assert neutral(text).startswith("'")
    row = next(
        iter(list(csv.reader(io.StringIO(b"".join(csv_stream(["a"], [[text]])).decode())))[1:])
    )
    assert row[0].startswith("'")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(xlsx_stream(["a"], [[text]])))).active
    assert sheet["A2"].data_type != "f"


@given(st.lists(st.lists(st.text(max_size=30), min_size=2, max_size=2), max_size=8))
def test_a_workbook_we_wrote_opens_elsewhere(rows: list[list[str]]) -> None:
    content = b"".join(xlsx_stream(["x", "y"], rows))
    sheet = openpyxl.load_workbook(io.BytesIO(content), read_only=True).active
    assert len(list(sheet.iter_rows())) == len(rows) + 1


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_reader(content: bytes) -> None:
    try:
        cells(content)
        cells(b"PK\x03\x04" + content)
    except SheetRefused:
        pass
