"""The mail of the demo world: invented conversations, newsletters, notices, an invitation, a bounce, spam."""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from struct import pack

BINH = ("Nguyễn Văn Bình", "binh@haivan.test")
CHI = ("Lê Thảo Chi", "chi@haivan.test")
DUNG = ("Trần Tiến Dũng", "dung@haivan.test")
MAI = ("Đặng Thanh Mai", "mai@haivan.test")
ANH = ("Phạm Ngọc Ánh", "anh.pham@partner.test")
KENJI = ("Kenji Mori", "kenji@partner.test")
SARAH = ("Sarah Whitfield", "sarah@partner.test")
ROBIN = ("Robin Castellan", "robin@northwind.test")
SAM = ("Sam Okafor", "sam@northwind.test")
PORT_DESK = ("Cảng Tiên Sa – Điều độ", "dieudo@partner.test")
BANK = ("Ngân hàng Sông Hàn", "thongbao@partner.test")
SHOP = ("Văn phòng phẩm Hoa Phượng", "donhang@partner.test")
DIGEST = ("Logistics Weekly", "editor@partner.test")
TRAVEL = ("Vé rẻ mỗi tuần", "news@partner.test")

Person = tuple[str, str]


@dataclass(frozen=True, slots=True)
class File:
    """An attachment with its whole content."""

    name: str
    kind: str  # "application/pdf"
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One stored message: where it lies, when it came, and what it says."""

    owner: str  # address of the mailbox that holds it
    folder: str
    sender: Person
    to: tuple[Person, ...]
    subject: str
    text: str
    hours_ago: float
    html: str = ""
    cc: tuple[Person, ...] = ()
    files: tuple[File, ...] = ()
    flags: tuple[str, ...] = ()
    thread: str = ""  # messages of one thread refer to each other
    calendar: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def render(letter: Letter, now: datetime, earlier: list[str]) -> tuple[bytes, datetime, str]:
    """Return the MIME bytes, the date of arrival and the Message-ID; `earlier` are the thread's ids."""
    moment = now - timedelta(hours=letter.hours_ago)
    message = EmailMessage()
    message["From"] = _address(letter.sender)
    message["To"] = tuple(_address(p) for p in letter.to)
    if letter.cc:
        message["Cc"] = tuple(_address(p) for p in letter.cc)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(moment)
    seed = f"{letter.owner}{letter.folder}{letter.subject}{letter.hours_ago}"
    domain = letter.sender[1].partition("@")[2]
    message_id = f"<{zlib.crc32(seed.encode()):08x}.{len(letter.text)}.{int(letter.hours_ago * 60)}@{domain}>"
    message["Message-ID"] = message_id
    if earlier:
        message["In-Reply-To"] = earlier[-1]
        message["References"] = " ".join(earlier)
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    if letter.calendar:
        message.add_alternative(letter.calendar, subtype="calendar", params={"method": "REQUEST"})
    for file in letter.files:
        main, _, sub = file.kind.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    return (
        message.as_bytes(policy=message.policy.clone(linesep="\r\n", max_line_length=78)),
        moment,
        message_id,
    )


def _address(person: Person) -> Address:
    return Address(person[0], addr_spec=person[1])


def pdf(title: str) -> bytes:
    """Return a one-page PDF with an ASCII title."""
    text = f"BT /F1 24 Tf 72 720 Td ({title}) Tj ET".encode("ascii", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % p for p in places)
    return out + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start


def png(width: int, height: int, top: tuple[int, int, int], bottom: tuple[int, int, int]) -> bytes:
    """Return a picture that fades from `top` to `bottom`."""
    rows = b""
    for y in range(height):
        part = y / max(1, height - 1)
        pixel = bytes(round(a + (b - a) * part) for a, b in zip(top, bottom, strict=True))
        rows += b"\0" + pixel * width

    def chunk(name: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )


SHEET = (
    "Mã chuyến;Ngày;Tuyến;Số container;Ghi chú\n"
    "HV-2411;18/11;Tiên Sa – Chu Lai;12;đủ giấy tờ\n"
    "HV-2412;19/11;Tiên Sa – Quảng Ngãi;8;chờ phiếu cân\n"
    "HV-2413;20/11;Tiên Sa – Huế;15;đủ giấy tờ\n"
).encode("utf-8-sig")

INVITE = """BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//Hai Van//Lich//VI\r
METHOD:REQUEST\r
BEGIN:VEVENT\r
UID:hop-ke-hoach-quy-1@haivan.test\r
DTSTAMP:20261120T020000Z\r
DTSTART:20261201T020000Z\r
DTEND:20261201T033000Z\r
SUMMARY:Họp kế hoạch quý 1\r
LOCATION:Phòng họp tầng 3\r
ORGANIZER;CN=Đặng Thanh Mai:mailto:mai@haivan.test\r
ATTENDEE;CN=Nguyễn Văn Bình;PARTSTAT=NEEDS-ACTION:mailto:binh@haivan.test\r
END:VEVENT\r
END:VCALENDAR\r
"""


def newsletter(title: str, colour: str, items: list[tuple[str, str]], foot: str) -> str:
    """Return an HTML newsletter the way such mails are built: tables, inline styles, remote pictures."""
    rows = "".join(
        f'<tr><td style="padding:16px 24px;border-top:1px solid #e5e7eb">'
        f'<h2 style="margin:0 0 6px;font-size:18px;color:#111827">{head}</h2>'
        f'<p style="margin:0;color:#374151;line-height:1.55">{body}</p>'
        f'<p style="margin:8px 0 0"><a href="https://www.partner.test/doc/{number}" style="color:{colour}">'
        f"Đọc tiếp →</a></p></td></tr>"
        for number, (head, body) in enumerate(items, 1)
    )
    return (
        "<!doctype html><html><head><style>.wrap{max-width:600px;margin:0 auto}"
        "@media (max-width:480px){.wrap{width:100%}}</style></head>"
        '<body style="margin:0;background:#f3f4f6;font-family:Arial,sans-serif">'
        '<table class="wrap" width="600" align="center" cellpadding="0" cellspacing="0" '
        'style="background:#ffffff">'
        f'<tr><td style="background:{colour};color:#ffffff;padding:24px"><h1 style="margin:0;font-size:24px">'
        f"{title}</h1></td></tr>"
        '<tr><td><img src="http://img.partner.test/banner.jpg" width="600" alt="Ảnh bìa"></td></tr>'
        f'{rows}<tr><td style="padding:20px 24px;color:#6b7280;font-size:12px">{foot}'
        '<img src="http://img.partner.test/open.gif?id=42" width="1" height="1" alt=""></td></tr>'
        "</table></body></html>"
    )


def letters() -> list[Letter]:
    """Return every letter of the demo world, the same at each call."""
    return [
        *_conversations(),
        *_notices(),
        *_newsletters(),
        *_oddities(),
        *_northwind(),
    ]


def _talk(
    owners: tuple[Person, ...],
    thread: str,
    subject: str,
    turns: list[tuple[Person, tuple[Person, ...], float, str]],
    files: dict[int, tuple[File, ...]] | None = None,
    unread: bool = False,  # noqa: FBT001, FBT002
) -> list[Letter]:
    """Put each turn of a conversation into the mailboxes of everybody who has part in it."""
    found = []
    for number, (sender, to, hours, text) in enumerate(turns):
        last = number == len(turns) - 1
        for owner in owners:
            mine = owner == sender
            if not mine and owner not in to:
                continue
            seen = mine or not (unread and last)
            found.append(
                Letter(
                    owner=owner[1],
                    folder="Sent" if mine else "INBOX",
                    sender=sender,
                    to=to,
                    subject=subject if number == 0 else f"Re: {subject}",
                    text=text,
                    hours_ago=hours,
                    files=(files or {}).get(number, ()),
                    flags=("\\Seen",) if seen else (),
                    thread=thread,
                )
            )
    return found


def _conversations() -> list[Letter]:
    staff = (BINH, CHI, DUNG, MAI)
    out = _talk(
        staff,
        "cang",
        "Lịch tàu tuần 48 và bãi container",
        [
            (
                PORT_DESK,
                (BINH, CHI),
                54,
                "Chào anh Bình, chị Chi,\n\nTuần 48 cảng nhận ba chuyến của Hải Vân: thứ Ba, thứ Năm và sáng thứ Bảy. Bãi B4 còn 20 chỗ, đề nghị báo số container trước 16 giờ thứ Hai.\n\nTrân trọng,\nĐiều độ cảng Tiên Sa\n",
            ),
            (
                BINH,
                (PORT_DESK, CHI),
                52,
                "Chào anh chị,\n\nHải Vân giữ 12 chỗ thứ Ba và 8 chỗ thứ Năm. Chuyến thứ Bảy em xác nhận sau khi có phiếu cân.\n\nBình\n",
            ),
            (
                CHI,
                (BINH,),
                50.5,
                "Anh Bình ơi, khách Quảng Ngãi vừa xin lùi sang thứ Bảy, vậy thứ Năm mình chỉ còn 5. Anh báo lại cảng giúp em nhé.\n\nChi\n",
            ),
            (
                PORT_DESK,
                (BINH, CHI),
                3.2,
                "Đã ghi nhận: thứ Ba 12, thứ Năm 5, thứ Bảy chờ xác nhận. Phiếu vào bãi gửi kèm.\n\nĐiều độ cảng Tiên Sa\n",
            ),
        ],
        files={
            3: (
                File(
                    "Phieu-vao-bai-tuan-48.pdf", "application/pdf", pdf("Phieu vao bai - tuan 48")
                ),
            )
        },
        unread=True,
    )
    out += _talk(
        staff,
        "hoadon",
        "Hóa đơn tháng 11 – cần đối chiếu trước thứ Sáu",
        [
            (
                ANH,
                (BINH,),
                28,
                "Anh Bình,\n\nEm gửi bảng kê và hóa đơn tháng 11. Có hai dòng phí nâng hạ em chưa thấy biên bản, anh kiểm giúp em trước thứ Sáu để kịp kỳ thuế.\n\nCảm ơn anh,\nÁnh\n",
            ),
            (
                BINH,
                (ANH, MAI),
                26.5,
                "Chào Ánh,\n\nHai dòng đó là của chuyến HV-2412, biên bản anh Dũng đang giữ. Chiều nay anh gửi bản quét.\n\nBình\n",
            ),
            (
                ANH,
                (BINH, MAI),
                1.1,
                "Dạ em nhận đủ rồi ạ. Em sửa lại tổng tiền: 48.650.000 đ, hóa đơn mới trong tệp kèm. Anh xác nhận là em gửi đi ký.\n\nÁnh\n",
            ),
        ],
        files={
            0: (
                File("Bang-ke-thang-11.csv", "text/csv", SHEET),
                File("Hóa đơn 0001187.pdf", "application/pdf", pdf("Hoa don 0001187")),
            ),
            2: (
                File("Hóa đơn 0001187 (sửa).pdf", "application/pdf", pdf("Hoa don 0001187 - sua")),
            ),
        },
        unread=True,
    )
    out += _talk(
        staff,
        "quay",
        "Quay phim giới thiệu kho Hòa Khánh",
        [
            (
                MAI,
                (BINH, CHI, DUNG),
                75,
                "Cả nhà ơi,\n\nĐoàn quay phim đến kho Hòa Khánh lúc 8 giờ sáng thứ Tư. Nhờ anh Dũng dọn khu bốc dỡ, Chi lo nước uống, anh Bình trả lời phỏng vấn hai phút nhé.\n\nMai\n",
            ),
            (
                DUNG,
                (MAI, BINH, CHI),
                73,
                "Khu bốc dỡ xong trước 7 giờ. Xe nâng số 3 đang sơn lại, em cho ra sau.\n\nDũng\n",
            ),
            (
                CHI,
                (MAI, BINH, DUNG),
                72.2,
                "Em đặt nước và bánh mì rồi ạ. Ảnh kho chụp hôm qua em gửi kèm cho đoàn chọn góc.\n\nChi\n",
            ),
            (
                BINH,
                (MAI, CHI, DUNG),
                71,
                "Anh nhận. Nhưng nói trước: anh chỉ nói được một phút thôi.\n\nBình\n",
            ),
        ],
        files={
            2: (
                File(
                    "kho-hoa-khanh.png", "image/png", png(640, 360, (242, 190, 120), (38, 92, 120))
                ),
            )
        },
    )
    out += _talk(
        staff,
        "mori",
        "Quotation for Da Nang – Osaka, December",
        [
            (
                KENJI,
                (BINH,),
                100,
                "Dear Mr. Binh,\n\nThank you for the call yesterday. Could you quote 2 x 40HC per week, Da Nang to Osaka, from 7 December to 25 January? We need door delivery in Sakai.\n\nBest regards,\nKenji Mori\n",
            ),
            (
                BINH,
                (KENJI, CHI),
                96,
                "Dear Kenji,\n\nPlease find the offer below. Rates hold until 30 November; free time is 10 days at both ends.\n\n  2 x 40HC   USD 1,180 per box, all in to Osaka\n  Sakai door USD 210 per box\n\nBest regards,\nBinh\n",
            ),
            (
                KENJI,
                (BINH, CHI),
                22,
                "Dear Binh, dear Chi,\n\nAccepted. Please book the first two boxes for 7 December and send the draft B/L to me and to our warehouse. 請求書は月末締めでお願いします。\n\nKenji\n",
            ),
        ],
        unread=True,
    )
    out += _talk(
        staff,
        "nghi",
        "Đơn nghỉ phép từ 30/11 đến 02/12",
        [
            (
                BINH,
                (MAI,),
                130,
                "Chị Mai,\n\nEm xin nghỉ ba ngày từ 30/11 đến 02/12 để về quê giỗ ông. Việc với cảng em đã bàn giao cho Chi.\n\nBình\n",
            ),
            (
                MAI,
                (BINH,),
                128,
                "Chị duyệt. Em cài trả lời tự động giúp chị nhé, khách Osaka hay viết buổi tối.\n\nMai\n",
            ),
        ],
    )
    out += _talk(
        staff,
        "xe",
        "Xe 43C-118.27 đến hạn đăng kiểm",
        [
            (
                DUNG,
                (BINH, MAI),
                47,
                "Xe 43C-118.27 hết hạn ngày 29/11. Em xin đưa đi sáng thứ Năm, chuyến Huế đổi sang xe 43C-220.16.\n\nDũng\n",
            ),
            (
                MAI,
                (DUNG, BINH),
                45,
                "Được em. Nhớ mang bảo hiểm bản gốc, lần trước phải quay về lấy.\n\nMai\n",
            ),
        ],
    )
    out += _talk(
        staff,
        "sarah",
        "Feedback on the new packing list",
        [
            (
                SARAH,
                (CHI, BINH),
                31,
                "Hi Chi,\n\nThe new packing list is so much clearer, thank you. Two small wishes: could the carton weight stand before the dimensions, and could the dates be written 2026-11-24? Our system reads them that way.\n\nSarah\n",
            ),
            (
                CHI,
                (SARAH, BINH),
                29.5,
                "Hi Sarah,\n\nBoth are easy, you get them with the next shipment.\n\nChi\n",
            ),
            (
                SARAH,
                (CHI, BINH),
                2.4,
                "Perfect. I put the template we use on our side here for comparison.\n\nSarah\n",
            ),
        ],
        files={
            2: (
                File(
                    "packing-list-template.csv",
                    "text/csv",
                    b"carton,weight_kg,l_cm,w_cm,h_cm,date\n1,18.4,60,40,40,2026-11-24\n",
                ),
            )
        },
        unread=True,
    )
    return out + _talk(
        staff,
        "tiecnam",
        "Tất niên: chọn quán",
        [
            (
                CHI,
                (BINH, DUNG, MAI),
                20,
                "Mọi người chọn giúp em: (1) hải sản bên sông, (2) lẩu dê Hòa Vang, (3) nấu ở kho như năm ngoái?\n\nChi\n",
            ),
            (DUNG, (CHI, BINH, MAI), 19, "3. Em mang bếp.\n"),
            (
                MAI,
                (CHI, BINH, DUNG),
                18.5,
                "Chị cũng 3, nhưng năm nay thuê người rửa bát.\n\nMai\n",
            ),
        ],
        unread=True,
    )


def _notices() -> list[Letter]:
    dice = random.Random(2411)  # the same demo at every start
    out = []
    routes = [
        "Tiên Sa – Chu Lai",
        "Tiên Sa – Huế",
        "Hòa Khánh – Quảng Ngãi",
        "Tiên Sa – Kon Tum",
        "Chu Lai – Tiên Sa",
    ]
    for number in range(120):
        route = routes[number % len(routes)]
        hours = 6 + number * 23.5 + dice.random() * 5
        boxes = dice.randint(3, 18)
        out.append(
            Letter(
                BINH[1],
                "INBOX",
                DUNG,
                (BINH,),
                f"Báo cáo ca {2600 - number}: {route}",
                f"Anh Bình,\n\nCa {2600 - number}, tuyến {route}: {boxes} container đã xuất, "
                f"{dice.randint(0, 3)} còn ở bãi. Xe chạy đúng giờ, không sự cố.\n\nDũng\n",
                hours,
                flags=("\\Seen",) if number > 1 else (),
            )
        )
    for number in range(45):
        amount = dice.randint(120, 9800) * 10_000
        out.append(
            Letter(
                BINH[1],
                "INBOX" if number < 6 else "Archive",
                BANK,
                (BINH,),
                f"Biến động số dư tài khoản …118: +{amount:,} đ".replace(",", "."),
                f"Kính gửi Quý khách,\n\nTài khoản …118 nhận {amount:,} đ.\nNội dung: thanh toán cước vận chuyển, chuyến HV-{2400 - number}.\n\nĐây là thư tự động, Quý khách không cần trả lời.\n".replace(
                    ",", "."
                ),
                14 + number * 41 + dice.random() * 8,
                flags=("\\Seen",) if number else (),
                headers={"Auto-Submitted": "auto-generated"},
            )
        )
    for number in range(24):
        out.append(
            Letter(
                CHI[1],
                "INBOX",
                SHOP,
                (CHI,),
                f"Đơn hàng HP{70120 + number * 37} đã giao",
                "Chào chị Chi,\n\nĐơn hàng gồm giấy A4, bìa còng và mực in đã giao tại kho Hòa Khánh. Cảm ơn chị đã mua hàng.\n\nHoa Phượng\n",
                30 + number * 95,
                flags=("\\Seen",) if number else (),
            )
        )
    for number in range(16):
        out.append(
            Letter(
                MAI[1],
                "INBOX",
                BINH,
                (MAI,),
                f"Tổng hợp tuần {47 - number}",
                f"Chị Mai,\n\nTuần {47 - number}: {dice.randint(40, 75)} chuyến, {dice.randint(480, 900)} container, công nợ quá hạn {dice.randint(0, 4)} khách. Số chi tiết trong thư mục chung.\n\nBình\n",
                16 + number * 168,
                flags=("\\Seen",) if number else (),
            )
        )
    return out


def _newsletters() -> list[Letter]:
    out = []
    foot = 'Bạn nhận thư này vì đã đăng ký. <a href="https://www.partner.test/huy">Hủy đăng ký</a>'
    for number in range(26):
        html = newsletter(
            f"Logistics Weekly · số {212 - number}",
            "#0f766e",
            [
                (
                    "Cước biển châu Á giảm tuần thứ ba",
                    "Chỉ số nội Á mất thêm 4 %, các hãng giữ chuyến trống qua Tết. Đà Nẵng – Osaka là tuyến hiếm hoi đi ngang.",
                ),
                (
                    "Kho lạnh miền Trung: thiếu chỗ đến tháng Hai",
                    "Bốn kho lớn đã kín. Người thuê nên giữ chỗ trước giữa tháng Mười Hai.",
                ),
                (
                    "Tờ khai điện tử đổi mẫu từ 01/01",
                    "Ba trường mới về xuất xứ. Mẫu cũ còn nhận đến hết quý một.",
                ),
            ],
            foot,
        )
        out.append(
            Letter(
                BINH[1],
                "INBOX" if number < 4 else "Archive",
                DIGEST,
                (BINH,),
                f"Logistics Weekly số {212 - number}: cước biển, kho lạnh, tờ khai mới",
                "Logistics Weekly: cước biển châu Á giảm tuần thứ ba; kho lạnh miền Trung thiếu chỗ; tờ khai điện tử đổi mẫu.\n",
                9 + number * 168,
                html=html,
                flags=("\\Seen",) if number else (),
                headers={
                    "List-Id": "<weekly.partner.test>",
                    "List-Unsubscribe": "<https://www.partner.test/huy>",
                },
            )
        )
    html = newsletter(
        "Đà Nẵng – Osaka từ 2.190.000 đ",
        "#b45309",
        [
            ("Bay thẳng, có hành lý 20 kg", "Bán đến hết Chủ nhật, bay từ tháng Một đến tháng Ba."),
            ("Huế – Hà Nội 299.000 đ", "Khởi hành buổi tối các ngày trong tuần."),
        ],
        foot,
    )
    out.extend(
        Letter(
            who[1],
            "INBOX",
            TRAVEL,
            (who,),
            "Cuối tuần này: Osaka 2.190.000 đ",
            "Đà Nẵng – Osaka từ 2.190.000 đ, bán đến Chủ nhật.\n",
            40,
            html=html,
            flags=("\\Seen",),
            headers={"List-Id": "<ve.partner.test>"},
        )
        for who in (BINH, CHI)
    )
    return out


def _oddities() -> list[Letter]:
    spam = ("GIAI THUONG LON", "winner@partner.test")
    drop = ("Mail Delivery System", "mailer-daemon@mail.hopthu.test")
    return [
        Letter(
            BINH[1],
            "INBOX",
            MAI,
            (BINH, CHI, DUNG),
            "Lời mời: Họp kế hoạch quý 1, 09:00 thứ Ba 01/12",
            "Mời mọi người họp kế hoạch quý 1.\n\nThứ Ba 01/12, 09:00 – 10:30, phòng họp tầng 3.\n\nMai\n",
            12,
            calendar=INVITE,
        ),
        Letter(
            BINH[1],
            "INBOX",
            drop,
            (BINH,),
            "Thư không gửi được: Bảng giá tháng 12",
            "Xin chào,\n\nThư của bạn không đến được người nhận sau đây:\n\n  tuan@partner.test: 550 5.1.1 không có hộp thư này\n\nKiểm tra lại địa chỉ rồi gửi lại. Nội dung thư vẫn còn trong mục Đã gửi.\n",
            33,
            flags=("\\Seen",),
            headers={"Auto-Submitted": "auto-replied"},
        ),
        Letter(
            BINH[1],
            "Sent",
            BINH,
            (("Anh Tuấn", "tuan@partner.test"),),
            "Bảng giá tháng 12",
            "Anh Tuấn,\n\nEm gửi bảng giá tháng 12 như đã hẹn.\n\nBình\n",
            33.1,
            flags=("\\Seen",),
            files=(File("Bang-gia-12.pdf", "application/pdf", pdf("Bang gia thang 12")),),
        ),
        Letter(
            BINH[1],
            "Junk",
            spam,
            (BINH,),
            "CHÚC MỪNG! Bạn trúng 1 xe máy",
            "Gửi 500.000 đ phí vận chuyển để nhận giải. Bấm http://trung-thuong.partner.test ngay hôm nay!!!\n",
            60,
            headers={"X-Spam": "Yes"},
        ),
        Letter(
            BINH[1],
            "Junk",
            ("Support", "security@partner.test"),
            (BINH,),
            "Mailbox full – verify now",
            "Your mailbox is full. Verify your password within 24 hours at http://partner.test/login or it will be closed.\n",
            90,
            html='<p>Your mailbox is <b>full</b>. <a href="http://203.0.113.9/login">https://mail.hopthu.test/verify</a></p><form action="http://203.0.113.9/x"><input name="password"></form>',
            headers={"X-Spam": "Yes"},
        ),
        Letter(
            BINH[1],
            "Drafts",
            BINH,
            (KENJI,),
            "Draft B/L for 7 December",
            "Dear Kenji,\n\nPlease find the draft B/L attached. Two points to check:\n\n",
            5,
            flags=("\\Seen", "\\Draft"),
        ),
        Letter(
            BINH[1],
            "INBOX",
            CHI,
            (BINH,),
            "Ảnh hiện trường kho – xem giúp em cái nào dùng được",
            "Anh xem giúp em, em định in hai tấm.\n\nChi\n",
            7.5,
            files=(
                File(
                    "cong-kho-sang-som.png",
                    "image/png",
                    png(480, 320, (250, 214, 160), (120, 60, 80)),
                ),
                File("bai-xe-chieu.png", "image/png", png(480, 320, (120, 170, 220), (30, 50, 90))),
            ),
            flags=("\\Flagged",),
        ),
    ]


def _northwind() -> list[Letter]:
    out = _talk(
        (ROBIN, SAM),
        "drill",
        "Catalogue pages for the cordless drills",
        [
            (
                SAM,
                (ROBIN,),
                26,
                "Robin,\n\nPages 14 to 17 are ready. The torque table needs your eye: I have 62 Nm for the DX4, the old catalogue says 60.\n\nSam\n",
            ),
            (ROBIN, (SAM,), 25, "62 is right, we changed the motor in March. Ship it.\n\nRobin\n"),
            (SAM, (ROBIN,), 2, "Shipped. Proof attached.\n\nSam\n"),
        ],
        files={2: (File("catalogue-p14-17.pdf", "application/pdf", pdf("Catalogue pages 14-17")),)},
        unread=True,
    )
    out.extend(
        Letter(
            ROBIN[1],
            "INBOX",
            ("Northwind shop", "orders@partner.test"),
            (ROBIN,),
            f"Order {88140 - number * 13} paid",
            "Hello Robin,\n\none more order was paid and waits for packing.\n",
            10 + number * 37,
            flags=("\\Seen",) if number else (),
        )
        for number in range(14)
    )
    return out
