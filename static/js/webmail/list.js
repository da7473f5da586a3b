// @ts-check
/** The list: what is chosen, the cursor, hover actions, and looking anew without losing any of it. */
import { frame, listPane, openMessage, piece, Refused, rowOf, rows, stamped, word } from "./page.js";
import { closeReader, showPlace } from "./reader.js";
import { showToast } from "../toast.js";

const RETRY_MS = 4000;
const PARTS = ["bar", "filters", "scroll"];

/** @type {string} */
let etag = "";
/** @type {number | undefined} */
let again;
let isAsking = false;
let isDirty = false;

// ---- chosen rows

/** @returns {HTMLInputElement[]} */
export const boxes = () => rows().map((row) => row.querySelector(".message-row__pick input")).filter((box) => box instanceof HTMLInputElement);

/** @returns {HTMLElement[]} */
export const chosenRows = () => rows().filter((row) => row.querySelector(".message-row__pick :checked"));

export function showChosen() {
  const all = boxes();
  const n = all.filter((box) => box.checked).length;
  for (const row of rows()) row.classList.toggle("is-checked", row.querySelector(".message-row__pick :checked") !== null);
  const count = document.querySelector("[data-select-count]");
  if (count) count.textContent = word("chosen", n);
  const head = document.querySelector("[data-select-all]");
  if (head instanceof HTMLInputElement) {
    head.checked = n > 0 && n === all.length;
    head.indeterminate = n > 0 && n < all.length;
  }
}

export function chooseNone() {
  for (const box of boxes()) box.checked = false;
  showChosen();
}

/** @type {HTMLInputElement | null} */
let lastBox = null;

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox") return;
  if (box.matches("[data-select-all]")) {
    for (const one of boxes()) one.checked = box.checked;
    showChosen();
  } else if (box.closest(".message-row__pick")) {
    const all = boxes();
    if (event.shiftKey && lastBox && all.includes(lastBox)) {
      const [a, b] = [all.indexOf(lastBox), all.indexOf(box)].sort((x, y) => x - y);
      for (const one of all.slice(a, b + 1)) one.checked = box.checked;
    }
    lastBox = box;
    showChosen();
  }
});
document.addEventListener("reset", () => window.setTimeout(showChosen));

// ---- cursor

export const cursorRow = () => rows().find((row) => row.classList.contains("is-cursor")) ?? null;

/** @param {HTMLElement | null} row */
export function setCursor(row) {
  rows().forEach((one) => one.classList.toggle("is-cursor", one === row));
  if (!row) return;
  showActions(row);
  row.scrollIntoView({ block: "nearest" });
}

document.addEventListener("hopthu:left", (event) => setCursor(/** @type {CustomEvent} */ (event).detail.row));

// ---- hover actions: one set of buttons that visits the rows

/** @type {HTMLElement | null} */
let actions = null;

/** @param {HTMLElement} row */
function showActions(row) {
  actions ??= stamped("row-actions");
  if (!actions || actions.parentElement === row) return;
  const read = actions.querySelector("[data-row-deed=read], [data-row-deed=unread]");
  if (read instanceof HTMLElement) {
    const isUnread = row.classList.contains("is-unread");
    read.dataset.rowDeed = isUnread ? "read" : "unread";
    swapIcon(read, isUnread ? "mail-open" : "mail", isUnread ? word("markRead") : word("markUnread"));
  }
  const star = actions.querySelector("[data-row-deed=star], [data-row-deed=unstar]");
  if (star instanceof HTMLElement) {
    const isStarred = "starred" in row.dataset;
    star.dataset.rowDeed = isStarred ? "unstar" : "star";
    star.setAttribute("aria-pressed", String(isStarred));
    swapIcon(star, "star", isStarred ? word("unstar") : word("star"));
  }
  row.append(actions);
}

/** @param {HTMLElement} button @param {string} name @param {string} label */
function swapIcon(button, name, label) {
  const use = button.querySelector("use");
  use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#i-.*/, `#i-${name}`));
  button.title = label;
  const words = button.querySelector(".visually-hidden");
  if (words) words.textContent = label;
}

document.addEventListener("pointerover", (event) => {
  const row = event.target instanceof Element ? event.target.closest(".message-row") : null;
  if (row instanceof HTMLElement && event.pointerType === "mouse") showActions(row);
});

// ---- looking anew

/** Ask for the list and the counts again, soon; many wishes become one. */
export function refreshSoon() {
  isDirty = true;
  if (!again && !isAsking) again = window.setTimeout(refresh, 60);
}

async function refresh() {
  again = undefined;
  const list = listPane();
  if (!frame() || !list?.dataset.refresh) return;
  isAsking = true;
  isDirty = false;
  let wait = 0;
  try {
    const answer = await piece(list.dataset.refresh, { etag });
    etag = answer.etag;
    if (answer.html) adopt(answer.html);
    trouble("");
    await refreshCounts();
  } catch (error) {
    if (error instanceof Refused && error.status === 404) location.reload();
    else if (!(error instanceof Refused) || error.status >= 500) {
      trouble(word("retrying"));
      wait = RETRY_MS;
      isDirty = true;
    }
  } finally {
    isAsking = false;
    if (isDirty) again = window.setTimeout(refresh, wait || 60);
  }
}

/** @param {string} text */
function trouble(text) {
  const list = listPane();
  let banner = document.querySelector("[data-trouble]");
  if (!text) banner?.remove();
  else if (!banner && list) {
    banner = document.createElement("p");
    banner.className = "banner banner--flush tone-warning";
    banner.setAttribute("role", "status");
    banner.setAttribute("data-trouble", "");
    const body = document.createElement("span");
    body.className = "banner__body";
    body.textContent = text;
    banner.append(body);
    list.querySelector(".list-pane__head, .search-bar")?.after(banner);
  }
}

/** Take the new list over; chosen, cursor, open row, place and focus stay.
 * @param {DocumentFragment} html */
function adopt(html) {
  const list = listPane();
  const fresh = html.querySelector("[data-list]");
  if (!list || !(fresh instanceof HTMLElement)) return;
  const known = new Set(rows().map((row) => row.dataset.key));
  const chosen = new Set(chosenRows().map((row) => row.dataset.key));
  const cursor = cursorRow()?.dataset.key;
  const focused = document.activeElement?.closest(".message-row");
  const focusKey = focused instanceof HTMLElement ? focused.dataset.key : undefined;
  const focusBox = document.activeElement instanceof HTMLInputElement;
  const scroller = list.querySelector("[data-part=scroll]");
  const before = anchor(scroller);
  for (const name of ["uidValidity", "first", "total", "url", "refresh"]) {
    const value = fresh.dataset[name];
    if (value !== undefined) list.dataset[name] = value;
  }
  const validity = list.querySelector("input[name=uid_validity]");
  if (validity instanceof HTMLInputElement && fresh.dataset.uidValidity) validity.value = fresh.dataset.uidValidity;
  actions?.remove();
  if (!fresh.querySelector("[data-part=scroll]") || !scroller) {
    list.replaceChildren(...fresh.childNodes); // results became none, or the other way
    return;
  }
  for (const part of PARTS) {
    const old = list.querySelector(`[data-part=${part}]`);
    const now = fresh.querySelector(`[data-part=${part}]`);
    if (!old || !now) continue;
    const heading = now.querySelector("h1.list-pane__title");
    if (heading && list.localName !== "main") {
      const lower = document.createElement("h2");
      lower.className = heading.className;
      lower.dir = "auto";
      lower.append(...heading.childNodes);
      heading.replaceWith(lower);
    }
    old.replaceChildren(...now.childNodes);
  }
  for (const row of rows()) {
    const key = row.dataset.key;
    if (known.size && !known.has(key)) row.classList.add("is-new");
    const box = row.querySelector(".message-row__pick input");
    if (box instanceof HTMLInputElement && chosen.has(key)) box.checked = true;
    if (key === cursor) row.classList.add("is-cursor");
  }
  restore(scroller, before);
  if (focusKey) {
    const target = rowOf(focusKey)?.querySelector(focusBox ? "input" : ".message-row__open");
    if (target instanceof HTMLElement) target.focus({ preventScroll: true });
  }
  showChosen();
  showPlace();
}

/** The first row in sight and where it stands, so that mail above it does not push it away.
 * @param {Element | null} scroller */
function anchor(scroller) {
  if (!scroller || scroller.scrollTop < 8) return null;
  const top = scroller.getBoundingClientRect().top;
  const row = rows().find((one) => one.getBoundingClientRect().bottom > top);
  return row ? { key: row.dataset.key ?? "", offset: row.getBoundingClientRect().top - top, top: scroller.scrollTop } : null;
}

/** @param {Element | null} scroller @param {{key: string, offset: number, top: number} | null} before */
function restore(scroller, before) {
  if (!scroller) return;
  if (!before) {
    scroller.scrollTop = 0;
    return;
  }
  const row = rowOf(before.key);
  if (!row) scroller.scrollTop = before.top;
  else scroller.scrollTop += row.getBoundingClientRect().top - scroller.getBoundingClientRect().top - before.offset;
}

export async function refreshCounts() {
  const column = document.querySelector("[data-folders]");
  if (!(column instanceof HTMLElement) || !column.dataset.url) return;
  const page = frame();
  const here = page?.dataset.folderId ? `?here=${page.dataset.folderId}` : `?page=${column.querySelector("[aria-current]")?.getAttribute("data-key") ?? ""}`;
  const { html } = await piece(column.dataset.url + here);
  const fresh = html?.querySelector("[data-folders]");
  if (fresh && fresh.innerHTML !== column.innerHTML) column.replaceChildren(...fresh.childNodes);
  showUnread();
}

export function showUnread() {
  const inbox = document.querySelector("[data-folders] [data-key=inbox]");
  const n = Number(inbox instanceof HTMLElement ? inbox.dataset.count : 0);
  document.title = `${n ? `(${n}) ` : ""}${document.title.replace(/^\(\d+\) /, "")}`;
  for (const badge of document.querySelectorAll("[data-unread-badge]")) {
    if (!(badge instanceof HTMLElement)) continue;
    badge.hidden = !n;
    const count = badge.querySelector("[data-unread-count]");
    if (count) count.textContent = n ? String(n) : "";
  }
}

// ---- what makes it look

document.addEventListener("hopthu:folder", (event) => {
  const change = /** @type {CustomEvent} */ (event).detail;
  const page = frame();
  if (!page) return;
  if (!page.dataset.folderId || change.folder === page.dataset.folderId) refreshSoon();
  else refreshCounts().catch(() => {});
});
document.addEventListener("hopthu:resync", refreshSoon);
document.addEventListener("hopthu:undone", refreshSoon);
document.addEventListener("hopthu:opened", () => {
  // with push the server itself says that the message is read now
  const pill = document.querySelector("[data-push]");
  if (!(pill instanceof HTMLElement) || pill.dataset.pushState !== "live") refreshSoon();
});

showChosen();
