// @ts-check
/** Composers as docks over the mail page: up to three, the newest in full size. */
import { showToast } from "../toast.js";
import { say } from "./compose-words.js";
import { startComposer } from "./composer.js";
import { piece, Refused } from "./page.js";
import { showSentToast } from "./sent.js";

const MOST = 3;
const WIDE = matchMedia("(min-width: 62.5rem)");

/** @typedef {import("./composer.js").Composer} Composer */
/** @type {Composer[]} newest last */
const docks = [];

function place() {
  let place = document.querySelector(".composer-dock");
  if (!place) {
    place = document.createElement("div");
    place.className = "composer-dock";
    document.body.append(place);
  }
  return place;
}

/** Give each dock its size: the newest full, the one before narrow, others only their title. */
function arrange() {
  document.getElementById("toasts")?.classList.toggle("toasts--start", docks.length > 0);
  docks.forEach(({ form }, index) => {
    const behind = docks.length - 1 - index;
    form.classList.toggle("is-behind", behind > 0);
    form.classList.toggle("composer--narrow", behind === 1);
    if (behind > 1) minimise(form, true);
  });
}

/** @param {HTMLFormElement} form @param {boolean} [on] */
function minimise(form, on) {
  const is = form.classList.toggle("composer--minimised", on);
  form.classList.toggle("composer--dock", !is);
  const button = form.querySelector("[data-minimise]");
  if (!(button instanceof HTMLElement)) return;
  const label = say(is ? "reopen" : "minimise");
  button.title = label;
  const words = button.querySelector(".visually-hidden");
  if (words) words.textContent = label;
}

/** @param {Composer} composer */
function toFront(composer) {
  minimise(composer.form, false);
  docks.splice(docks.indexOf(composer), 1);
  docks.push(composer);
  // its frame would load anew if the form moved in the page, so only the order on screen changes
  docks.forEach(({ form }, index) => form.style.setProperty("order", String(index)));
  arrange();
}

/** @param {Composer} composer */
function remove(composer) {
  docks.splice(docks.indexOf(composer), 1);
  composer.form.remove();
  arrange();
}

/** @param {string} url @returns {Promise<void>} */
export async function openDock(url) {
  if (docks.length >= MOST) {
    const oldest = docks[0];
    if (!(await oldest.save())) {
      location.assign(url);
      return;
    }
    remove(oldest);
  }
  const { html } = await piece(url);
  const form = html?.querySelector("form[data-composer]");
  if (!(form instanceof HTMLFormElement)) {
    location.assign(url);
    return;
  }
  place().append(form);
  /** @type {Composer} */
  const composer = await startComposer(form, {
    sent: ({ toast }) => {
      remove(composer);
      void showSentToast(toast);
    },
    discarded: ({ text }) => {
      remove(composer);
      showToast(text);
    },
  });
  docks.push(composer);
  form.style.setProperty("order", String(docks.length));
  arrange();
  composer.focus();
  wire(composer, url);
}

/** @param {Composer} composer @param {string} url */
function wire(composer, url) {
  const { form } = composer;
  const title = form.querySelector("[data-title]");
  form.addEventListener("input", (event) => {
    if (!(event.target instanceof HTMLInputElement) || event.target.name !== "subject" || !(title instanceof HTMLElement)) return;
    title.textContent = event.target.value.trim() || (title.dataset.empty ?? "");
  });
  form.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest("[data-minimise]")) {
      if (form.classList.contains("composer--minimised")) toFront(composer);
      else minimise(form, true);
    } else if (target?.closest("[data-title]") && form.classList.contains("composer--minimised")) toFront(composer);
    else if (target?.closest("[data-close]")) void close(composer);
    else if (target?.closest("[data-whole-page]")) void wholePage(composer, url);
  });
  form.addEventListener("focusin", () => { if (form.classList.contains("is-behind") && !form.classList.contains("composer--minimised")) toFront(composer); });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("[popover]:popover-open")) return;
    event.stopPropagation();
    void close(composer);
  });
}

/** @param {Composer} composer */
async function close(composer) {
  if (await composer.save()) remove(composer);
}

/** @param {Composer} composer @param {string} url */
async function wholePage(composer, url) {
  if (!(await composer.save())) return;
  const address = composer.address || url;
  location.assign(`${address}${address.includes("?") ? "&" : "?"}next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** @param {string} url */
async function open(url) {
  try {
    await openDock(url);
  } catch (error) {
    showToast(error instanceof Refused && error.message ? error.message : say("failed"), { danger: true });
  }
}

document.addEventListener("click", (event) => {
  if (!(event instanceof MouseEvent) || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || !WIDE.matches) return;
  const link = event.target instanceof Element ? event.target.closest("a[data-compose]") : null;
  if (!(link instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  void open(link.href);
});

/** A draft in the Drafts folder opens to be written on, not to be read. */
document.addEventListener("click", (event) => {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target instanceof Element ? event.target.closest("[data-special=drafts] a.message-row__open") : null;
  const parts = link instanceof HTMLAnchorElement ? /^(\/mail\/\d+\/)f\/([\w-]+)\/(\d+)\/(\d+)\//.exec(link.pathname) : null;
  if (!parts) return;
  event.preventDefault();
  event.stopPropagation();
  const url = `${parts[1]}compose/?draft=${parts[2]}.${parts[3]}.${parts[4]}`;
  if (WIDE.matches) void open(url);
  else location.assign(`${url}&next=${encodeURIComponent(location.pathname)}`);
}, true);

document.addEventListener("hopthu:compose", (event) => {
  if (!WIDE.matches) return;
  event.preventDefault();
  void open(/** @type {CustomEvent} */ (event).detail);
});

