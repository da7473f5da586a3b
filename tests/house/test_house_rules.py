"""The rules of the house, as far as a reader of source text can hold them."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("portal", "accounts", "domains", "delivery", "webmail", "mailserver", "demo")
BANNED_NAMES = {"core", "common", "utils", "util", "helpers", "helper", "misc", "shared"}


def tracked(*suffixes: str) -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [ROOT / n for n in names if n.endswith(suffixes) and (ROOT / n).exists()]


def modules() -> list[Path]:
    return [
        p
        for p in tracked(".py")
        if p.relative_to(ROOT).parts[0] in ROOMS and "migrations" not in p.parts
    ]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_module_opens_with_one_sentence() -> None:
    bare = [named(p) for p in modules() if not ast.get_docstring(ast.parse(p.read_text()))]
    assert bare == []


def test_no_module_is_named_after_nothing() -> None:
    bad = [
        named(p) for p in modules() if set(p.relative_to(ROOT).with_suffix("").parts) & BANNED_NAMES
    ]
    assert bad == []


def test_the_frame_names_rooms_only_where_django_asks_for_it() -> None:
    allowed = {"settings.py", "urls.py", "celery.py", "asgi.py"}
    others = "|".join(room for room in ROOMS if room != "portal")
    named_rooms = re.compile(rf"^\s*(?:from|import) (?:{others})\b", re.MULTILINE)
    bad = [
        named(p)
        for p in modules()
        if p.relative_to(ROOT).parts[0] == "portal"
        and p.name not in allowed
        and named_rooms.search(p.read_text())
    ]
    assert bad == []


def test_views_and_tasks_leave_queries_to_selectors_and_services() -> None:
    bad = []
    for path in modules():
        parts = path.relative_to(ROOT).parts
        if ("views" in parts or path.stem in {"views", "tasks", "urls", "context"}) and re.search(
            r"\.objects\b", path.read_text()
        ):
            bad.append(named(path))
    assert bad == []


def test_services_never_import_tasks() -> None:
    bad = [
        named(p)
        for p in modules()
        if "services" in p.parts
        and re.search(r"^\s*(from|import) \w+\.tasks", p.read_text(), re.MULTILINE)
    ]
    assert bad == []


def test_every_nudged_name_is_a_registered_task() -> None:
    nudged, registered = set(), set()
    for path in modules():
        text = path.read_text()
        nudged |= set(re.findall(r'after_commit\(\s*"([\w.]+)"', text))
        registered |= set(re.findall(r'name="([\w.]+)"', text))
    assert nudged - registered == set()


def test_every_beat_entry_is_a_registered_task() -> None:
    from portal.celery import app

    app.autodiscover_tasks(force=True)
    wanted = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert wanted - set(app.tasks) == set()


def test_rows_are_saved_by_naming_their_fields() -> None:
    bad = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "save"
                and not node.args
                and not {k.arg for k in node.keywords} & {"update_fields", "force_insert"}
                and path.relative_to(ROOT).parts[0] != "demo"
            ):
                bad.append(f"{named(path)}:{node.lineno}")
    assert bad == []


def test_every_smtp_and_lmtp_connection_has_a_time_out() -> None:
    bare = []
    for path in [*modules(), *tracked("/hand-over")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in {"smtplib.SMTP", "smtplib.LMTP", "Local"}
                and "timeout" not in {word.arg for word in node.keywords}
            ):
                bare.append(f"{named(path)}:{node.lineno}")
    assert bare == []


def test_nobody_catches_everything() -> None:
    # the process boundary logs with traceback and goes on; a clean-up that raises again hides nothing
    boundaries = {"mailserver/agent.py"}
    bad = []
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ExceptHandler) or named(path) in boundaries:
                continue
            broad = node.type is None or (
                isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
            )
            last = node.body[-1]
            if broad and not (isinstance(last, ast.Raise) and last.exc is None):
                bad.append(f"{named(path)}:{node.lineno}")
    assert bad == []


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [
        ("no safe filter", r"\|\s*safe\b"),
        ("no inline style", r"<[^>]+\sstyle\s*="),
        ("no inline handler", r"<[^>]+\son[a-z]+\s*="),
        ("no inline script", r"<script(?![^>]*\bsrc=)[^>]*>(?!\s*</script>)"),
        ("no autoescape off", r"autoescape\s+off"),
    ],
)
def test_templates_keep_the_content_security_policy(rule: str, pattern: str) -> None:
    offenders = []
    for path in tracked(".html"):
        if path.relative_to(ROOT).parts[0] != "templates":
            continue
        text = re.sub(
            r'<script type="application/json".*?</script>', "", path.read_text(), flags=re.DOTALL
        )
        if re.search(pattern, text, re.DOTALL):
            offenders.append(named(path))
    assert offenders == [], rule


def test_the_project_names_no_machine_and_no_index() -> None:
    bad = []
    words = re.compile(r"/work/|pypi\.org/simple|registry\.npmjs|/root/\.pyenv")
    for path in tracked(".py", ".md", ".html", ".js", ".lock", ".in", ".toml", ".json", ".sh"):
        if path.name == "test_house_rules.py":
            continue
        if words.search(path.read_text()):
            bad.append(named(path))
    assert bad == []


def test_every_setting_is_documented() -> None:
    from portal.config import Stack

    text = (ROOT / "docs" / "settings.md").read_text()
    missing = [name for name in Stack.model_fields if f"HOPTHU_{name.upper()}" not in text]
    assert missing == []


def test_our_javascript_binds_by_data_attributes_only() -> None:
    bad = [
        named(p)
        for p in tracked(".js")
        if "vendor" not in p.parts
        and re.search(r"innerHTML\s*=|\beval\(|new Function\(|document\.write", p.read_text())
    ]
    assert bad == []


GUIDES = [
    *(ROOT / "docs" / "admin").rglob("*.md"),
    *(ROOT / "docs" / "webmail").rglob("*.md"),
    ROOT / "README.md",
]


def words_on_screen(*, vietnamese: bool) -> set[str]:
    """Return the texts of the catalogue, with an ellipsis where something is filled in."""
    entries = re.findall(
        r'^(msg(?:id|str))(?:_plural|\[\d\])? ((?:"(?:[^"\\]|\\.)*"\n?)+)',
        (ROOT / "locale/vi/LC_MESSAGES/django.po").read_text(),
        re.MULTILINE,
    )
    wanted = "msgstr" if vietnamese else "msgid"
    texts = [
        "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', t)) for kind, t in entries if kind == wanted
    ]
    return {re.sub(r"%\(\w+\)[sd]", "…", text) for text in texts}


@pytest.mark.parametrize("guide", GUIDES, ids=named)
def test_guides_name_pages_and_buttons_as_the_screen_does(guide: Path) -> None:
    known = words_on_screen(vietnamese=guide.parent.name == "vi")
    named_there = re.findall(r"(?<![*\w])\*(?![*\s])([^*]+?)\*(?!\*)", guide.read_text())
    parts = {
        part
        for words in named_there
        for part in re.split(r" → ", " ".join(words.split()))
        if part[0].isupper()  # «a domain» and states in lower case are no names
    }
    assert parts <= known, parts - known
