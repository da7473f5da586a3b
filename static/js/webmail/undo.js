// @ts-check
/** The toast that offers to take back what was done last, and the key z. */
import { frame, inOrder, post, Refused, stamped, word } from "./page.js";
import { showToast } from "../toast.js";

const STORE = "hopthu.undo";
const KEPT = 20;

/** What can be taken back, newest last; a reload keeps it.
 * @type {string[]} */
let tokens = [];
try {
  tokens = JSON.parse(sessionStorage.getItem(STORE) ?? "[]");
} catch {
  tokens = [];
}

function keep() {
  tokens = tokens.slice(-KEPT);
  sessionStorage.setItem(STORE, JSON.stringify(tokens));
}

/**
 * @param {string} text
 * @param {string} token empty where nothing can be taken back
 */
export function offerUndo(text, token) {
  if (!token) {
    say(text);
    return;
  }
  if (tokens.at(-1) !== token) tokens.push(token);
  keep();
  const toast = stamped("undo-toast");
  const list = document.getElementById("toasts");
  if (!toast || !list) return;
  const words = toast.querySelector("[data-toast-text]");
  if (words) words.textContent = text;
  toast.dataset.token = token;
  makeRoom();
  list.append(toast);
}

/** One toast at a time: a second deed takes the first one's place, z still reaches both. */
function makeRoom() {
  document.querySelectorAll(".toast:is([data-token], [data-deed])").forEach((old) => old.remove());
}

/** Tell the end of a deed that cannot be taken back.
 * @param {string} text */
function say(text) {
  makeRoom();
  showToast(text)?.setAttribute("data-deed", "");
}

export function undoLast() {
  return inOrder(async () => {
    const token = tokens.pop();
    keep();
    if (token) await takeBack(token);
    else say(word("nothingToUndo"));
  });
}

/** @param {string} token */
async function takeBack(token) {
  makeRoom();
  const body = new FormData();
  body.set("token", token);
  try {
    const done = await post(`/mail/${frame()?.dataset.mailbox}/undo/`, body);
    say(done.text);
    document.dispatchEvent(new CustomEvent("hopthu:undone"));
  } catch (error) {
    showToast(error instanceof Refused ? error.message : word("failed"), { danger: true });
  }
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-toast-undo]") : null;
  const toast = button?.closest(".toast");
  if (!(toast instanceof HTMLElement)) return;
  const token = toast.dataset.token ?? "";
  const at = tokens.lastIndexOf(token);
  if (at >= 0) tokens.splice(at, 1);
  keep();
  void inOrder(() => takeBack(token));
});

// what a page without script would show as it loads
for (const now of document.querySelectorAll("[data-toast-now]")) {
  if (!(now instanceof HTMLTemplateElement)) continue;
  offerUndo(now.content.textContent ?? "", now.dataset.undo ?? "");
  const here = new URL(location.href);
  here.searchParams.delete("done");
  history.replaceState(history.state, "", here);
}
