// @ts-check
/** Toasts: shown for eight seconds, paused by pointer and focus, closed by their button. */

const SECONDS = 8;

/** @param {HTMLElement} toast */
function live(toast) {
  if (toast.dataset.live) return;
  toast.dataset.live = "yes";
  /** @type {number | undefined} */
  let timer;
  const seconds = Number(toast.dataset.seconds) || SECONDS;
  const start = () => { timer = window.setTimeout(() => toast.remove(), seconds * 1000); };
  const stop = () => window.clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  toast.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-toast-close]")) toast.remove();
  });
  start();
}

/**
 * Show `text` at the bottom of the window.
 * @param {string} text
 * @param {{danger?: boolean}} [options]
 * @returns {HTMLElement | null}
 */
export function showToast(text, options = {}) {
  const template = document.getElementById("toast-template");
  const list = document.getElementById("toasts");
  if (!(template instanceof HTMLTemplateElement) || !list) return null;
  const toast = template.content.firstElementChild?.cloneNode(true);
  if (!(toast instanceof HTMLElement)) return null;
  if (options.danger) {
    toast.classList.add("toast--danger");
    toast.setAttribute("role", "alert");
  }
  const words = toast.querySelector("[data-toast-text]");
  if (words) words.textContent = text;
  list.append(toast);
  return toast;
}

/**
 * A sentence that the page carries for scripts.
 * @param {string} name
 */
export function words(name) {
  return document.getElementById("toast-words")?.dataset[name] ?? "";
}

export function startToasts() {
  const list = document.getElementById("toasts");
  if (!list) return;
  const look = () => list.querySelectorAll(".toast").forEach((toast) => {
    if (toast instanceof HTMLElement) live(toast);
  });
  look();
  new MutationObserver(look).observe(list, { childList: true });
  const failed = () => showToast(words("failed"), { danger: true });
  document.body.addEventListener("htmx:sendError", failed);
  document.body.addEventListener("htmx:responseError", (event) => {
    const detail = /** @type {CustomEvent} */ (event).detail;
    if (!detail.xhr.responseText.includes('class="toast')) failed();
  });
}
