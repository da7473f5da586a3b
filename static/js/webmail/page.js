// @ts-check
/** What all modules of the mail page share: the parts of the page, words, requests. */

/** How long a deed may take before its rows come back. */
const DEED_MS = 30_000;

/** @returns {HTMLElement | null} */
export const frame = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-mail]"));
/** @returns {HTMLElement | null} */
export const listPane = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-list]"));
/** @returns {HTMLElement | null} */
export const readerPane = () => /** @type {HTMLElement | null} */ (document.querySelector("[data-reader]"));

/** @returns {HTMLElement | null} the reader when a message is open in it */
export function openMessage() {
  const reader = readerPane();
  return reader?.dataset.uid ? reader : null;
}

/** @returns {HTMLElement[]} */
export const rows = () => [...document.querySelectorAll("[data-list] .message-row")].filter((row) => row instanceof HTMLElement && !row.classList.contains("is-leaving"));

/** @param {string} key */
export function rowOf(key) {
  return rows().find((row) => row.dataset.key === key) ?? null;
}

/** @param {Element} row */
export function linkOf(row) {
  const link = row.querySelector(".message-row__open");
  return link instanceof HTMLAnchorElement ? link : null;
}

/**
 * A sentence the page carries for scripts; {n} becomes `n`, and 1 has words of its own.
 * @param {string} name
 * @param {number} [n]
 */
export function word(name, n) {
  const words = document.getElementById("mail-words")?.dataset ?? {};
  const one = n === 1 ? words[`${name}One`] : undefined;
  return (one ?? words[name] ?? "").replace("{n}", String(n ?? ""));
}

/** @param {string} id */
export function stamped(id) {
  const template = document.getElementById(id);
  const node = template instanceof HTMLTemplateElement ? template.content.firstElementChild?.cloneNode(true) : null;
  return node instanceof HTMLElement ? node : null;
}

/** The cookie's, which is new after a sign-in in another tab; the page's own where there is none. */
export function csrfToken() {
  const name = `${document.body.dataset.csrfCookie}=`;
  const cookie = document.cookie.split("; ").find((one) => one.startsWith(name));
  if (cookie) return cookie.slice(name.length);
  const input = document.querySelector("input[name=csrfmiddlewaretoken]");
  return input instanceof HTMLInputElement ? input.value : "";
}

/** An answer that is no success; `text` is what the server says to the person. */
export class Refused extends Error {
  /** @param {number} status @param {string} text */
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/**
 * Fetch a piece of a page.
 * @param {string} url
 * @param {{signal?: AbortSignal, etag?: string}} [options]
 * @returns {Promise<{html: DocumentFragment | null, etag: string}>} html is null when nothing changed
 */
export async function piece(url, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { "HX-Request": "true" };
  if (options.etag) headers["If-None-Match"] = options.etag;
  const answer = await fetch(url, { headers, credentials: "same-origin", signal: options.signal, cache: options.etag ? "no-store" : "default" });
  if (answer.status === 304) return { html: null, etag: options.etag ?? "" };
  if (answer.headers.get("HX-Redirect")) {
    location.assign(answer.headers.get("HX-Redirect") ?? "/");
    throw new Refused(401, "");
  }
  const text = await answer.text();
  const content = document.createRange().createContextualFragment(text);
  if (!answer.ok) throw new Refused(answer.status, content.querySelector(".toast > span")?.textContent?.trim() ?? "");
  return { html: content, etag: answer.headers.get("ETag") ?? "" };
}

/**
 * Send a form the way scripts do: the answer is JSON.
 * @param {string} url
 * @param {FormData} body
 * @returns {Promise<Record<string, any>>}
 */
export async function post(url, body) {
  body.set("csrfmiddlewaretoken", csrfToken());
  // Without an end, one dead connection would hold up every later deed of the page.
  const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin", signal: AbortSignal.timeout(DEED_MS) });
  if (answer.redirected) location.assign(answer.url); // signed out meanwhile
  /** @type {Record<string, any>} */
  let data = {};
  try {
    data = await answer.json();
  } catch {
    // an error page; the status says enough
  }
  if (!answer.ok) throw new Refused(answer.status, data.detail ?? word("failed"));
  return data;
}

/** @type {Promise<void>} */
let last = Promise.resolve();

/**
 * Do what changes mail one after the other, in the order of the keys and clicks: the answers come
 * in that order too, and "z" pressed at once takes back the deed before it.
 * @param {() => Promise<void>} deed
 * @returns {Promise<void>}
 */
export function inOrder(deed) {
  last = last.then(deed, deed);
  return last;
}

/** Give a document in a frame the theme of the page. @param {Document} inside */
export function wearTheme(inside) {
  const { theme } = document.documentElement.dataset;
  if (theme) inside.documentElement.dataset.theme = theme;
  else delete inside.documentElement.dataset.theme;
}

/** Turn an element into another kind and keep everything else of it.
 * @param {HTMLElement} element @param {string} name */
export function renamed(element, name) {
  if (element.localName === name) return element;
  const twin = document.createElement(name);
  for (const { name: key, value } of [...element.attributes]) twin.setAttribute(key, value);
  twin.append(...element.childNodes);
  element.replaceWith(twin);
  return twin;
}
