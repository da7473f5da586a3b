// @ts-check
/** The move dialog: type a few letters, arrows, Enter. */
import { act, targets } from "./deeds.js";
import { word } from "./page.js";

/** @type {ReturnType<typeof targets>} */
let moving = [];

const dialog = () => {
  const found = document.querySelector("[data-move-dialog]");
  return found instanceof HTMLDialogElement ? found : null;
};

/** @param {string} text lower case, no accents, đ as d */
const folded = (text) => text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "");

/** @param {Element} root */
const choices = (root) => [...root.querySelectorAll("[data-pick] li")].filter((item) => item instanceof HTMLElement && !item.hidden);

export function openMove() {
  const box = dialog();
  const groups = targets();
  const n = groups.reduce((sum, group) => sum + group.uids.length, 0);
  if (!box || !n) return;
  moving = groups;
  const title = box.querySelector("h2");
  if (title) title.textContent = word("move", n);
  const button = box.querySelector("[data-move-button]");
  if (button) button.textContent = word("moveButton", n);
  const filter = box.querySelector("[data-pick-filter]");
  if (filter instanceof HTMLInputElement) filter.value = "";
  narrow(box, "");
  box.showModal();
  if (filter instanceof HTMLInputElement) filter.focus();
}

/** @param {Element} root @param {string} text */
function narrow(root, text) {
  const wanted = folded(text.trim());
  for (const item of root.querySelectorAll("[data-pick] li")) {
    if (item instanceof HTMLElement) item.hidden = !folded(item.dataset.words ?? "").includes(wanted);
  }
  const left = choices(root);
  const none = root.querySelector("[data-pick-none]");
  if (none instanceof HTMLElement) none.hidden = left.length > 0;
  if (!left.some((item) => item.querySelector(":checked"))) choose(left[0]);
}

/** @param {Element | undefined} item */
function choose(item) {
  const radio = item?.querySelector("input");
  if (!(radio instanceof HTMLInputElement)) return;
  radio.checked = true;
  item?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !field.matches("[data-pick-filter]")) return;
  const root = field.closest("form") ?? document.body;
  root.querySelectorAll("[data-pick] input").forEach((radio) => { if (radio instanceof HTMLInputElement) radio.checked = false; });
  narrow(root, field.value);
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !field.matches("[data-pick-filter]")) return;
  const root = field.closest("form");
  if (!root || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return;
  event.preventDefault();
  if (event.key === "Enter") {
    root.requestSubmit();
    return;
  }
  const left = choices(root);
  const at = left.findIndex((item) => item.querySelector(":checked"));
  choose(left[Math.max(0, Math.min(left.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))]);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.closest("[data-move-dialog]")) return;
  event.preventDefault();
  const target = new FormData(form).get("target");
  if (typeof target !== "string") return;
  dialog()?.close();
  const groups = moving.filter((group) => group.folder !== target);
  moving = [];
  void act("move", groups, target);
});

document.addEventListener("click", (event) => {
  const opener = event.target instanceof Element ? event.target.closest("[data-move]") : null;
  if (!opener || !dialog()) return;
  event.preventDefault();
  openMove();
});
