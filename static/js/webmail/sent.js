// @ts-check
/** The toast after sending: counts down, takes the letter back, survives the change of page. */
import { showToast } from "../toast.js";
import { piece, post, Refused } from "./page.js";

const KEPT = "hopthu-after-compose";

/** Show something on the next page. @param {{toast?: string, text?: string}} what */
export function keepForNextPage(what) {
  sessionStorage.setItem(KEPT, JSON.stringify(what));
}

/** @param {string} url */
export async function showSentToast(url) {
  const list = document.getElementById("toasts");
  if (!list) return;
  try {
    const { html } = await piece(url);
    const toast = html?.querySelector(".toast");
    if (!(toast instanceof HTMLElement)) return;
    list.querySelectorAll("[data-sent-toast]").forEach((old) => old.remove());
    list.append(toast);
    countDown(toast);
  } catch {
    // the letter is sent; only its toast is missing, and the outbox tells the same
  }
}

/** @param {HTMLElement} toast */
function countDown(toast) {
  const left = toast.querySelector("[data-left]");
  const end = Date.now() + Number(toast.dataset.seconds ?? 0) * 1000;
  const tick = window.setInterval(() => {
    const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    if (left) left.textContent = `${seconds} s`;
    if (seconds && toast.isConnected) return;
    window.clearInterval(tick);
    if (left) toast.remove();
  }, 250);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches("[data-undo-send]")) return;
  event.preventDefault();
  void takeBack(form);
});

/** @param {HTMLFormElement} form */
async function takeBack(form) {
  const toast = form.closest(".toast");
  try {
    const { address } = await post(form.action, new FormData(form));
    toast?.remove();
    const wish = new CustomEvent("hopthu:compose", { detail: address, cancelable: true });
    if (document.dispatchEvent(wish)) location.assign(address);
  } catch (error) {
    toast?.remove();
    showToast(error instanceof Refused ? error.message : "", { danger: true });
  }
}

const kept = sessionStorage.getItem(KEPT);
if (kept) {
  sessionStorage.removeItem(KEPT);
  const { toast, text } = JSON.parse(kept);
  if (toast) void showSentToast(toast);
  if (text) showToast(text);
}
