// @ts-check
/** The keyboard: one letter each, never while typing, switched off in the sheet that ? shows. */
import { act, targets } from "./deeds.js";
import { chooseNone, chosenRows, cursorRow, setCursor, showChosen } from "./list.js";
import { openMove } from "./move.js";
import { frame, listPane, openMessage, rows, word } from "./page.js";
import { closeReader, neighbour, openRow } from "./reader.js";
import { undoLast } from "./undo.js";

const STORE = "hopthu.keys";
let waitsForPlace = 0;

const areOn = () => localStorage.getItem(STORE) !== "off";

/** @param {number} step */
function walk(step) {
  if (openMessage()) {
    const row = neighbour(step);
    if (row) openRow(row);
    return;
  }
  const all = rows();
  const at = all.indexOf(cursorRow() ?? document.body);
  const row = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + step))];
  if (row) setCursor(row);
}

function open() {
  const row = cursorRow() ?? rows()[0];
  if (row && !openMessage()) openRow(row);
}

function choose() {
  const row = openMessage() ? rows().find((one) => one.classList.contains("is-open")) : cursorRow();
  const box = row?.querySelector(".message-row__pick input");
  if (!(box instanceof HTMLInputElement)) return;
  box.checked = !box.checked;
  showChosen();
}

function star() {
  const row = cursorRow() ?? rows().find((one) => one.classList.contains("is-open"));
  const button = document.querySelector("[data-reader] .icon-button--star");
  const isOn = openMessage() ? button?.getAttribute("aria-pressed") === "true" : row !== undefined && "starred" in row.dataset;
  void act(isOn ? "unstar" : "star", targets());
}

/** @param {string} key */
function go(key) {
  const item = document.querySelector(`[data-folders] [data-key=${key}]`);
  if (item instanceof HTMLAnchorElement) item.click();
}

/** @param {string} selector */
function follow(selector) {
  const link = document.querySelector(selector);
  if (link instanceof HTMLElement) link.click();
}

function trash() {
  const place = (openMessage() ?? listPane())?.dataset.special;
  if (place !== "trash") void act("delete", targets());
  else if (targets().length && window.confirm(word("eraseQuestion"))) void act("erase", targets());
}

function escape() {
  if (chosenRows().length) chooseNone();
  else if (openMessage()) closeReader();
}

function sheet() {
  const dialog = document.getElementById("keys");
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}

/** @type {Record<string, () => void>} */
const KEYS = {
  j: () => walk(1), ArrowDown: () => walk(1), k: () => walk(-1), ArrowUp: () => walk(-1),
  o: open, Enter: open, u: () => { if (openMessage()) closeReader(); },
  e: () => void act("archive", targets()),
  "#": trash, Delete: trash,
  "!": () => void act((openMessage() ?? listPane())?.dataset.special === "junk" ? "not-spam" : "spam", targets()),
  v: openMove, s: star, x: choose, z: () => void undoLast(),
  I: () => void act("read", targets()), U: () => void act("unread", targets()),
  r: () => follow("[data-reader] [data-reply]"), a: () => follow("[data-reader] [data-reply-all]"), f: () => follow("[data-reader] [data-forward]"),
  c: () => follow(".folders [data-compose]"),
  "/": () => { const box = document.querySelector("[data-search]"); if (box instanceof HTMLInputElement) { box.focus(); box.select(); } },
  Escape: escape,
};
/** @type {Record<string, string>} */
const PLACES = { i: "inbox", s: "sent", d: "drafts", t: "starred", a: "archive" };

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !frame()) return;
  const target = event.target;
  if (!(target instanceof Element)) return;
  if (document.querySelector("dialog:modal")) return; // its own keys only, wherever the focus is
  if (target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) {
    if (event.key === "Escape" && target.matches("[data-search]") && target instanceof HTMLElement) target.blur();
    return;
  }
  if (event.key === "Enter" && target.closest("a, button, summary")) return;
  if (event.key.startsWith("Arrow") && target.closest(".reader__scroll, .menu, [role=toolbar]")) return;
  if (event.key === "Escape" && document.querySelector("[popover]:popover-open")) return;
  const isSingle = event.key.length === 1;
  if (event.key === "?") {
    event.preventDefault();
    sheet();
    return;
  }
  if (isSingle && !areOn()) return;
  if (waitsForPlace && Date.now() - waitsForPlace < 1500 && PLACES[event.key]) {
    waitsForPlace = 0;
    event.preventDefault();
    go(PLACES[event.key]);
    return;
  }
  waitsForPlace = event.key === "g" ? Date.now() : 0;
  const deed = KEYS[event.key];
  if (!deed) return;
  event.preventDefault();
  deed();
});

const toggle = document.querySelector("[data-keys-switch]");
if (toggle instanceof HTMLInputElement) {
  toggle.checked = areOn();
  toggle.addEventListener("change", () => localStorage.setItem(STORE, toggle.checked ? "on" : "off"));
}
