// @ts-check
/** Opens messages beside the list: swaps the reading pane, keeps address, title and history right. */
import { followFrames } from "./frame.js";
import { frame, linkOf, listPane, openMessage, piece, readerPane, Refused, renamed, rowOf, rows, stamped, word } from "./page.js";
import { showToast } from "../toast.js";

const SKELETON_MS = 150;
const PREFETCH_MS = 80;
const KEEP_MS = 20_000;

/** @type {AbortController | null} */
let loading = null;
/** @type {Map<string, {at: number, html: Promise<DocumentFragment | null>}>} */
const fetched = new Map();
/** Letters that the person marked as unread on this page, by the path of their address. @type {Set<string>} */
const keptUnread = new Set();

/** @param {string} url */
function load(url) {
  const known = fetched.get(url);
  fetched.delete(url);
  if (known && Date.now() - known.at < KEEP_MS) return known.html;
  return null;
}

/**
 * The address that shows a message without counting it as read.
 * @param {string} url
 */
function peek(url) {
  return `${url}${url.includes("?") ? "&" : "?"}peek=1`;
}

/**
 * Ask for a message before it is opened; it does not count as read by that.
 * @param {string} url
 */
function prefetch(url) {
  if (fetched.has(url) || fetched.size > 4) fetched.delete(fetched.keys().next().value ?? "");
  fetched.set(url, { at: Date.now(), html: piece(peek(url)).then((answer) => answer.html, () => null) });
}

/**
 * Remember that the person wants a letter unread, or forget it.
 * @param {string} path @param {boolean} isKept
 */
export function keepUnread(path, isKept) {
  if (isKept) keptUnread.add(path);
  else keptUnread.delete(path);
}

/**
 * Open a message. One that comes by itself (`goingOn`, since the one before left) stays unread where the
 * person marked it so; chosen by hand it counts as read.
 * @param {string} url
 * @param {{push?: boolean, keepScroll?: boolean, goingOn?: boolean}} [options]
 */
export async function openUrl(url, options = {}) {
  const page = frame();
  if (!page) return;
  loading?.abort();
  const mine = new AbortController();
  loading = mine;
  const path = new URL(url, location.href).pathname;
  const row = rows().find((one) => linkOf(one)?.pathname === path);
  const staysUnread = options.goingOn && keptUnread.has(path);
  if (!staysUnread) keptUnread.delete(path);
  mark(row ?? null);
  page.dataset.pane = "message";
  const skeleton = window.setTimeout(() => showSkeleton(), SKELETON_MS);
  try {
    const early = await load(url);
    const html = early ?? (await piece(staysUnread ? peek(url) : url, { signal: mine.signal })).html;
    if (mine.signal.aborted) return;
    window.clearTimeout(skeleton);
    const scroll = options.keepScroll ? readerPane()?.querySelector(".reader__scroll")?.scrollTop ?? 0 : 0;
    swapReader(html);
    if (scroll) readerPane()?.querySelector(".reader__scroll")?.scrollTo(0, scroll);
    if (options.push !== false) history.pushState({ mail: url }, "", url);
    if (staysUnread) return;
    if (early) void piece(url).catch(() => {}); // now it counts as read
    row?.classList.remove("is-unread");
    row?.querySelector(".message-row__from .visually-hidden")?.remove();
  } catch (error) {
    window.clearTimeout(skeleton);
    if (mine.signal.aborted) return;
    if (error instanceof Refused && error.status === 404) {
      row?.remove();
      closeReader({ push: false });
      document.dispatchEvent(new CustomEvent("hopthu:resync", { detail: { reason: "gone" } }));
    } else if (openMessage()) {
      showPlace();
    } else {
      closeReader({ push: false });
    }
    showToast(error instanceof Refused && error.message ? error.message : word("failed"), { danger: true });
  }
}

function showSkeleton() {
  const reader = readerPane();
  const body = stamped("reader-skeleton");
  if (!reader || !body) return;
  reader.querySelectorAll(".reader__scroll, .empty").forEach((old) => old.remove());
  reader.append(body);
}

/** @param {DocumentFragment | null} html */
function swapReader(html) {
  const fresh = html?.querySelector("[data-reader]");
  const old = readerPane();
  if (!(fresh instanceof HTMLElement) || !old) return;
  demoteList();
  const focusInside = old.contains(document.activeElement);
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  showPlace();
  title(fresh.dataset.title ?? "");
  followFrames();
  if (focusInside) fresh.querySelector(".reader__scroll")?.focus();
  document.dispatchEvent(new CustomEvent("hopthu:opened"));
}

/**
 * Close the message: the list is the page again.
 * @param {{push?: boolean}} [options]
 */
export function closeReader(options = {}) {
  const page = frame();
  const old = readerPane();
  const empty = stamped("no-reader");
  if (!page || !old) return;
  loading?.abort();
  const left = rows().find((row) => row.classList.contains("is-open"));
  page.dataset.pane = "list";
  if (empty) old.replaceWith(empty);
  promoteList();
  mark(null);
  if (left) document.dispatchEvent(new CustomEvent("hopthu:left", { detail: { row: left } })); // list.js uses this module
  const list = listPane();
  title(list?.querySelector(".list-pane__title")?.textContent ?? "");
  if (options.push !== false && list?.dataset.url) history.pushState({ mail: list.dataset.url }, "", list.dataset.url);
}

/** The list is a section with an h2 beside an open message, the page's main part with the h1 alone. */
function demoteList() {
  const list = listPane();
  if (list?.localName !== "main") return;
  list.removeAttribute("id");
  const heading = list.querySelector("h1");
  if (heading instanceof HTMLElement) renamed(heading, "h2");
  list.setAttribute("aria-label", list.querySelector("h2")?.textContent ?? "");
  renamed(list, "section");
}

function promoteList() {
  const list = listPane();
  if (!list || list.localName === "main") return;
  const heading = list.querySelector(".list-pane__title");
  if (heading instanceof HTMLElement) renamed(heading, "h1");
  list.removeAttribute("aria-label");
  list.id = "main";
  renamed(list, "main");
}

/** @param {HTMLElement | null} row */
function mark(row) {
  document.querySelectorAll(".message-row.is-open").forEach((old) => {
    old.classList.remove("is-open");
    linkOf(old)?.removeAttribute("aria-current");
  });
  if (!row) return;
  row.classList.add("is-open");
  linkOf(row)?.setAttribute("aria-current", "true");
  row.scrollIntoView({ block: "nearest" });
}

/** Write "2 of 12,431" and the arrows of the open message from where its row stands in the list. */
export function showPlace() {
  const reader = openMessage();
  const all = rows();
  const at = all.findIndex((row) => row.dataset.uid === reader?.dataset.uid && sameFolder(row, reader));
  const list = listPane();
  if (!reader || at < 0 || !list) return;
  mark(all[at]);
  point(reader, "[data-newer]", all[at - 1]);
  point(reader, "[data-older]", all[at + 1]);
  const place = reader.querySelector("[data-position]");
  const total = Number(list.dataset.total);
  if (place && total) {
    const number = new Intl.NumberFormat(document.documentElement.lang);
    place.textContent = `${number.format(Number(list.dataset.first) + at)} / ${number.format(total)}`;
  }
}

/** @param {HTMLElement} reader @param {string} selector @param {HTMLElement | undefined} row */
function point(reader, selector, row) {
  const arrow = reader.querySelector(selector);
  if (!(arrow instanceof HTMLAnchorElement)) return;
  arrow.hidden = !row;
  if (row) arrow.href = linkOf(row)?.href ?? "";
}

/** @param {HTMLElement} row @param {HTMLElement | null} reader */
function sameFolder(row, reader) {
  const key = row.dataset.key ?? "";
  return !key.includes(".") || key.startsWith(`${reader?.dataset.folderId}.`);
}

/** @param {string} text */
function title(text) {
  const count = /^\(\d+\) /.exec(document.title)?.[0] ?? "";
  const brand = document.title.split(" – ").at(-1) ?? "";
  document.title = `${count}${text} – ${brand}`;
}

/** The row after or before the open one, or the first.
 * @param {number} step */
export function neighbour(step) {
  const all = rows();
  const reader = openMessage();
  const at = reader ? all.findIndex((row) => row.classList.contains("is-open")) : -1;
  if (at < 0) return all[0] ?? null;
  return all[at + step] ?? null;
}

/** @param {Element} row @param {{goingOn?: boolean}} [options] */
export function openRow(row, options = {}) {
  const link = linkOf(row);
  if (link && continueDraft(link)) return;
  if (link) void openUrl(link.getAttribute("href") ?? "", options);
}

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (!frame()) return;
  const link = event.target.closest("a");
  if (!link) return;
  if (link.matches(".message-row__open")) {
    event.preventDefault();
    if (continueDraft(link)) return;
    void openUrl(link.getAttribute("href") ?? "");
  } else if (link.matches("[data-reader-link]")) {
    event.preventDefault();
    link.closest("[popover]")?.hidePopover?.();
    const url = new URL(link.href);
    void openUrl(url.pathname + url.search, { push: false, keepScroll: true });
    history.replaceState({ mail: url.pathname + url.search }, "", url);
  } else if (link.matches("[data-newer], [data-older]")) {
    const row = neighbour(link.matches("[data-older]") ? 1 : -1);
    if (row) {
      event.preventDefault();
      openRow(row);
    }
  } else if (link.matches("[data-back]") && listPane()) {
    event.preventDefault();
    closeReader();
  }
});

/**
 * A draft goes on in the composer instead of being read.
 * @param {HTMLAnchorElement} link
 */
function continueDraft(link) {
  const compose = document.querySelector(".folders [data-compose]");
  const parts = /\/f\/([\w-]+)\/(\d+)\/(\d+)\//.exec(link.pathname);
  if (listPane()?.dataset.special !== "drafts" || !(compose instanceof HTMLAnchorElement) || !parts) return false;
  const way = document.createElement("a");
  way.href = `${compose.pathname}?draft=${parts[1]}.${parts[2]}.${parts[3]}`;
  way.dataset.compose = "";
  way.hidden = true;
  document.body.append(way);
  way.click();
  way.remove();
  return true;
}

/** @type {number | undefined} */
let hovering;
document.addEventListener("pointerover", (event) => {
  const row = event.target instanceof Element ? event.target.closest(".message-row") : null;
  window.clearTimeout(hovering);
  const url = row && !row.classList.contains("is-open") && event.pointerType === "mouse" ? linkOf(row)?.getAttribute("href") : null;
  if (url && !fetched.has(url)) hovering = window.setTimeout(() => prefetch(url), PREFETCH_MS);
});

window.addEventListener("popstate", (event) => {
  const page = frame();
  const url = location.pathname + location.search;
  if (!page || (event.state && !event.state.mail)) return;
  if (/\/f\/[\w-]+\/\d+\/\d+\/$/.test(location.pathname) && listPane()) void openUrl(url, { push: false });
  else if (url === listPane()?.dataset.url) closeReader({ push: false });
  else location.reload();
});

if (frame()) {
  history.replaceState({ mail: location.pathname + location.search }, "", location.href);
  followFrames();
  showPlace();
}
