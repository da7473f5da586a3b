// @ts-check
/** Archive, delete, move, flags: the page shows it at once, the server follows, errors bring rows back. */
import { boxes, chooseNone, chosenRows, cursorRow, refreshSoon, setCursor, showChosen } from "./list.js";
import { frame, inOrder, linkOf, listPane, openMessage, post, Refused, rows, word } from "./page.js";
import { closeReader, keepUnread, neighbour, openRow } from "./reader.js";
import { offerUndo } from "./undo.js";
import { showToast } from "../toast.js";

const LEAVING = new Set(["archive", "delete", "erase", "spam", "not-spam", "move"]);

/**
 * What a deed is done to: the chosen rows, else the open message, else the row under the cursor.
 * @returns {{keys: string[], uids: string[], folder: string, validity: string}[]} by folder
 */
export function targets() {
  const chosen = chosenRows();
  const open = openMessage();
  const list = listPane();
  if (chosen.length) return byFolder(chosen);
  if (open) {
    const row = rows().find((one) => one.classList.contains("is-open"));
    return [{ keys: [row?.dataset.key ?? ""], uids: [open.dataset.uid ?? ""], folder: open.dataset.folderId ?? "", validity: open.dataset.uidValidity ?? "" }];
  }
  const cursor = cursorRow();
  return cursor && list ? byFolder([cursor]) : [];
}

/** @param {HTMLElement[]} some */
export function byFolder(some) {
  /** @type {Map<string, {keys: string[], uids: string[], folder: string, validity: string}>} */
  const found = new Map();
  for (const row of some) {
    const parts = /\/f\/([\w-]+)\/(\d+)\/(\d+)\//.exec(linkOf(row)?.getAttribute("href") ?? "");
    if (!parts) continue;
    const [, folder, validity, uid] = parts;
    const group = found.get(folder) ?? { keys: [], uids: [], folder, validity };
    group.keys.push(row.dataset.key ?? "");
    group.uids.push(uid);
    found.set(folder, group);
  }
  return [...found.values()];
}

/**
 * @param {string} deed
 * @param {ReturnType<typeof targets>} groups
 * @param {string} [target] folder id, for a move
 */
export async function act(deed, groups, target) {
  if (!groups.length || !frame()) return;
  const restore = show(deed, groups.flatMap((group) => group.keys));
  const open = openMessage();
  if (deed === "read" || deed === "unread") {
    for (const { folder, validity, uids } of groups) for (const uid of uids) keepUnread(`${folderUrl(folder)}${validity}/${uid}/`, deed === "unread");
  }
  if (LEAVING.has(deed) && open && groups.some((g) => g.folder === open.dataset.folderId && g.uids.includes(open.dataset.uid ?? ""))) leaveOpen();
  else if (deed === "unread" && open && groups.some((g) => g.uids.includes(open.dataset.uid ?? ""))) closeReader();
  await inOrder(() => tell(deed, groups, target, restore));
}

/** @param {string} deed @param {ReturnType<typeof targets>} groups @param {string | undefined} target @param {() => void} restore */
async function tell(deed, groups, target, restore) {
  try {
    for (const group of groups) {
      const body = new FormData();
      body.set("action", deed);
      body.set("uid_validity", group.validity);
      if (target) body.set("target", target);
      for (const uid of group.uids) body.append("uid", uid);
      const done = await post(`${folderUrl(group.folder)}act/`, body);
      offerUndo(done.text, done.undo);
    }
  } catch (error) {
    restore();
    showToast(error instanceof Refused ? error.message : word("failed"), { danger: true });
  }
  refreshSoon();
}

/** @param {string} folder */
function folderUrl(folder) {
  return `/mail/${frame()?.dataset.mailbox}/f/${folder}/`;
}

/** Show a deed before the server knows of it; the answer takes it back.
 * @param {string} deed @param {string[]} keys */
function show(deed, keys) {
  const touched = rows().filter((row) => keys.includes(row.dataset.key ?? ""));
  /** @type {(() => void)[]} */
  const back = [];
  for (const row of touched) {
    const classes = row.className;
    if (LEAVING.has(deed)) {
      if (row.classList.contains("is-cursor")) setCursor(next(row, touched));
      row.classList.add("is-leaving");
      const timer = window.setTimeout(() => { row.hidden = true; }, 150);
      const box = row.querySelector("input");
      if (box) box.checked = false;
      back.push(() => { window.clearTimeout(timer); row.hidden = false; row.className = classes; });
    } else if (deed === "read" || deed === "unread") {
      row.classList.toggle("is-unread", deed === "unread");
      back.push(() => { row.className = classes; });
    } else if (deed === "star" || deed === "unstar") {
      if (deed === "star") row.dataset.starred = "";
      else delete row.dataset.starred;
    }
  }
  if (deed === "star" || deed === "unstar") pressStar(deed === "star");
  if (LEAVING.has(deed)) chooseNone();
  showChosen();
  return () => back.forEach((one) => one());
}

/** @param {boolean} isOn */
function pressStar(isOn) {
  const star = document.querySelector("[data-reader] .icon-button--star");
  const open = rows().find((row) => row.classList.contains("is-open"));
  if (!(star instanceof HTMLButtonElement) || (open && "starred" in open.dataset !== isOn)) return;
  star.setAttribute("aria-pressed", String(isOn));
  star.value = isOn ? "unstar" : "star";
  star.title = isOn ? word("unstar") : word("star");
}

/** @param {HTMLElement} row @param {HTMLElement[]} leaving */
function next(row, leaving) {
  const all = rows();
  const at = all.indexOf(row);
  return all.slice(at + 1).find((one) => !leaving.includes(one)) ?? all.slice(0, at).reverse().find((one) => !leaving.includes(one)) ?? null;
}

/** Go on to the next message when the open one leaves. */
function leaveOpen() {
  const gone = document.querySelector(".message-row.is-open");
  const all = [...document.querySelectorAll("[data-list] .message-row")];
  const at = gone ? all.indexOf(gone) : -1;
  const following = all.slice(at + 1).find((row) => !row.classList.contains("is-leaving"));
  if (following && at >= 0 && window.matchMedia("(min-width: 43.75rem)").matches) openRow(following, { goingOn: true });
  else closeReader();
}

// ---- forms and buttons of the page

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !frame()) return;
  const button = /** @type {SubmitEvent} */ (event).submitter;
  if (form.matches("[data-list-form], [data-reader-form]") && button instanceof HTMLButtonElement && button.name === "action") {
    const groups = form.matches("[data-reader-form]") ? opened() : targets();
    if (button.value === "erase" && !window.confirm(word("eraseQuestion"))) {
      event.preventDefault();
      return;
    }
    event.preventDefault();
    button.closest("[popover]")?.hidePopover?.();
    void act(button.value, groups);
  }
});

/** @returns {ReturnType<typeof targets>} */
function opened() {
  const open = openMessage();
  const row = rows().find((one) => one.classList.contains("is-open"));
  return open ? [{ keys: [row?.dataset.key ?? ""], uids: [open.dataset.uid ?? ""], folder: open.dataset.folderId ?? "", validity: open.dataset.uidValidity ?? "" }] : [];
}

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-row-deed]") : null;
  const row = button?.closest(".message-row");
  if (!(button instanceof HTMLElement) || !(row instanceof HTMLElement)) return;
  event.preventDefault();
  void act(button.dataset.rowDeed ?? "", byFolder([row]));
});

// ---- dragging rows onto folders

document.addEventListener("pointerdown", (event) => {
  const row = event.target instanceof Element ? event.target.closest(".message-row") : null;
  if (row instanceof HTMLElement && event.pointerType === "mouse") row.draggable = true;
});
/** @type {ReturnType<typeof targets>} */
let dragged = [];
document.addEventListener("dragstart", (event) => {
  const row = event.target instanceof Element ? event.target.closest(".message-row") : null;
  if (!(row instanceof HTMLElement) || !event.dataTransfer) return;
  const chosen = chosenRows();
  const some = chosen.includes(row) ? chosen : [row];
  dragged = byFolder(some);
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", linkOf(row)?.textContent ?? "");
  const ghost = document.createElement("div");
  ghost.className = "drag-ghost";
  ghost.textContent = word("moveButton", some.length);
  document.body.append(ghost);
  event.dataTransfer.setDragImage(ghost, 8, 8);
  window.setTimeout(() => ghost.remove());
});
/** @param {Event} event */
function dropFolder(event) {
  const item = event.target instanceof Element ? event.target.closest("a[data-folder]") : null;
  return item instanceof HTMLElement && dragged.length && item.dataset.folder && !["drafts", "sent"].includes(item.dataset.key ?? "") ? item : null;
}
document.addEventListener("dragover", (event) => {
  const item = dropFolder(event);
  document.querySelectorAll(".is-drop").forEach((one) => one.classList.toggle("is-drop", one === item));
  if (!item) return;
  event.preventDefault();
  item.classList.add("is-drop");
});
document.addEventListener("drop", (event) => {
  const item = dropFolder(event);
  document.querySelectorAll(".is-drop").forEach((one) => one.classList.remove("is-drop"));
  if (!item) return;
  event.preventDefault();
  const groups = dragged.filter((group) => group.folder !== item.dataset.folder);
  dragged = [];
  void act("move", groups, item.dataset.folder);
});
document.addEventListener("dragend", () => {
  dragged = [];
  document.querySelectorAll(".is-drop").forEach((one) => one.classList.remove("is-drop"));
});

export { boxes, neighbour };
