// @ts-check
/** One composer: keeps the draft saved, warns before sending, sends; as a page or as a dock. */
import { made, say } from "./compose-words.js";
import { startEditor } from "./editor.js";
import { csrfToken } from "./page.js";
import { startRecipients } from "./recipients.js";
import { startFiles } from "./upload.js";

const PAUSE = 2_000; // after the last stroke
const LARGE = 2_000_000; // bytes of files from which drafts are saved less often
const LARGE_PAUSE = 20_000;
const RETRY = 10_000;

/**
 * @typedef {object} Composer
 * @property {HTMLFormElement} form
 * @property {() => boolean} isDirty
 * @property {() => Promise<boolean>} save true when nothing is left unsaved
 * @property {() => void} focus
 * @property {string} address where the saved draft can be opened again; empty before
 */

/**
 * Make a composer live.
 * @param {HTMLFormElement} form
 * @param {{sent: (answer: {toast: string, next: string}) => void, discarded: (answer: {text: string, next: string}) => void, saved?: (address: string) => void}} tell
 * @param {Document | Element} [around] where its saved line and discard button may also stand
 * @returns {Promise<Composer>}
 */
export async function startComposer(form, tell, around = form) {
  let dirty = false;
  let ended = false;
  let anyway = "";
  /** @type {Promise<boolean> | null} */
  let saving = null;
  /** @type {number | undefined} */
  let timer;
  const line = around.querySelector("[data-saved]");
  const sendButton = form.querySelector("[data-send]");

  /** @param {string} text @param {boolean} [trouble] */
  const tellSaved = (text, trouble = false) => {
    if (!line) return;
    line.textContent = text;
    line.classList.toggle("is-trouble", trouble);
  };

  const changed = () => {
    if (ended) return;
    dirty = true;
    clearWarnings();
    plan(files.bytes() > LARGE ? LARGE_PAUSE : PAUSE);
  };
  /** @param {number} after */
  const plan = (after) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void save(), after);
  };

  const files = startFiles(form, { changed, problem: (text) => problems({ files: [{ message: text }] }) });
  const recipients = startRecipients(form, changed);
  const editor = await startEditor(form, {
    changed,
    send: () => form.requestSubmit(sendButton instanceof HTMLElement ? sendButton : undefined),
    files: files.attachAll,
    picture: files.picture,
  });
  form.classList.add("is-live");

  const body = () => {
    editor?.write();
    recipients.write();
    const data = new FormData(form);
    data.delete("files");
    return data;
  };

  /** @param {FormData} data */
  async function post(data) {
    data.set("csrfmiddlewaretoken", csrfToken());
    const answer = await fetch(form.getAttribute("action") ?? "", { method: "POST", body: data, headers: { Accept: "application/json" }, credentials: "same-origin" });
    const isOut = answer.redirected || answer.status === 401 || (answer.status === 403 && (await answer.clone().json()).type === "urn:hopthu:problem:csrf");
    if (isOut) throw new Error(say("signedOut"));
    return answer;
  }

  /** @type {Composer} */
  const composer = { form, isDirty: () => dirty, save, focus, address: "" };

  /** @returns {Promise<boolean>} */
  async function save() {
    if (saving) await saving;
    if (!dirty || ended) return !dirty;
    saving = saveNow();
    const done = await saving;
    saving = null;
    return done;
  }

  async function saveNow() {
    window.clearTimeout(timer);
    const data = body();
    data.set("action", "save");
    dirty = false;
    tellSaved(say("saving"));
    try {
      const answer = await post(data);
      const json = await answer.json();
      if (!answer.ok) throw new Error(firstMessage(json) || json.detail || say("unsaved"));
      if (ended) return true;
      composer.address = json.address;
      tell.saved?.(json.address);
      if (!dirty) tellSaved(json.saved);
      return true;
    } catch (error) {
      if (ended) return true;
      dirty = true;
      const text = navigator.onLine ? (error instanceof Error && !(error instanceof TypeError) && !(error instanceof SyntaxError) ? error.message : say("unsaved")) : say("offline");
      tellSaved(text, true);
      plan(RETRY);
      return false;
    }
  }

  // ---- what is wrong, what to think about

  /** @param {Record<string, {message: string}[]>} errors */
  function problems(errors) {
    /** @type {HTMLElement | null} */
    let first = null;
    for (const [field, list] of Object.entries(errors)) {
      const place = form.querySelector(`[data-problems="${field}"]`);
      const nodes = list.map(({ message }) => {
        const node = made(place ? "compose-problem" : "compose-error");
        const words = node.querySelector(place ? "span" : ".banner__body");
        if (words) words.textContent = message;
        return node;
      });
      (place ?? form.querySelector("[data-errors]"))?.replaceChildren(...nodes);
      const row = place?.closest(".composer__row");
      row?.classList.remove("is-folded");
      const input = row?.querySelector("input:not([type=hidden])");
      if (input instanceof HTMLElement) {
        input.setAttribute("aria-invalid", "true");
        first ??= input;
      }
    }
    first?.focus();
  }

  function clearProblems() {
    form.querySelectorAll("[data-problems], [data-errors]").forEach((place) => place.replaceChildren());
    form.querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
  }

  function clearWarnings() {
    form.querySelector("[data-warnings]")?.replaceChildren();
  }

  /** The one thing to think about before sending, empty when there is none. */
  function warning() {
    if (files.isBusy()) return "stillUploading";
    const subject = form.elements.namedItem("subject");
    if (subject instanceof HTMLInputElement && !subject.value.trim()) return "noSubject";
    const words = say("attachmentWords").split(",").map((one) => one.trim().toLowerCase()).filter(Boolean);
    const text = (editor?.plain() ?? "").toLowerCase();
    if (!files.count() && words.some((one) => text.includes(one))) return "noFile";
    return recipients.count() > 20 ? "many" : "";
  }

  /** @param {string} name */
  function warn(name) {
    const banner = made("compose-warning");
    const words = banner.querySelector(".banner__body");
    if (words) words.textContent = say(name, { n: recipients.count() });
    const actions = banner.querySelector(".banner__actions");
    /** @param {string} text @param {() => void} does */
    const button = (text, does) => {
      const node = document.createElement("button");
      node.type = "button";
      node.className = "button button--link";
      node.textContent = text;
      node.addEventListener("click", does);
      actions?.append(node);
      return node;
    };
    if (name === "noFile") button(say("choose"), () => { clearWarnings(); files.choose(); });
    if (name !== "stillUploading") {
      button(say("anyway"), () => { anyway = name; form.requestSubmit(sendButton instanceof HTMLElement ? sendButton : undefined); }).focus();
    }
    form.querySelector("[data-warnings]")?.replaceChildren(banner);
    banner.scrollIntoView({ block: "nearest" });
  }

  // ---- send and discard

  async function send() {
    recipients.finish();
    clearProblems();
    clearWarnings();
    if (recipients.isEmpty()) {
      problems({ to: [{ message: say("noRecipient") }] });
      return;
    }
    const doubt = warning();
    if (doubt && doubt !== anyway) {
      warn(doubt);
      return;
    }
    window.clearTimeout(timer);
    if (saving) await saving; // a late draft must not overtake the letter
    const data = body();
    data.set("action", "send");
    busy(true);
    try {
      const answer = await post(data);
      const json = await answer.json();
      if (answer.ok) {
        ended = true;
        dirty = false;
        tell.sent(json);
        return;
      }
      problems(json.errors ?? { __all__: [{ message: json.detail ?? say("failed") }] });
    } catch (error) {
      const text = error instanceof Error && !(error instanceof TypeError) && !(error instanceof SyntaxError) ? error.message : say("failed");
      problems({ __all__: [{ message: text }] });
    }
    busy(false);
    plan(PAUSE);
  }

  /** @param {boolean} on */
  function busy(on) {
    sendButton?.classList.toggle("is-busy", on);
    sendButton?.toggleAttribute("disabled", on);
    form.setAttribute("aria-busy", String(on));
  }

  async function discard() {
    ended = true;
    window.clearTimeout(timer);
    if (saving) await saving;
    const data = body();
    data.set("action", "discard");
    try {
      const answer = await post(data);
      const json = await answer.json();
      if (!answer.ok) throw new Error(json.detail ?? say("failed"));
      dirty = false;
      tell.discarded(json);
    } catch (error) {
      ended = false;
      problems({ __all__: [{ message: error instanceof Error && !(error instanceof TypeError) ? error.message : say("failed") }] });
    }
  }

  function focus() {
    if (recipients.isEmpty()) recipients.focusFirst();
    else editor?.focus();
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = /** @type {SubmitEvent} */ (event).submitter;
    if (button instanceof HTMLButtonElement && button.value === "discard") void discard();
    else if (!(button instanceof HTMLButtonElement) || button.value === "send" || button === sendButton) void send();
  });
  form.addEventListener("input", (event) => { if (event.target instanceof HTMLInputElement && event.target.name === "subject") changed(); });
  form.addEventListener("change", (event) => { if (event.target instanceof HTMLSelectElement) changed(); });
  form.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      form.requestSubmit(sendButton instanceof HTMLElement ? sendButton : undefined);
    }
  });
  const picture = form.querySelector("[data-picture-input]");
  if (picture instanceof HTMLInputElement) {
    picture.addEventListener("change", async () => {
      for (const file of [...(picture.files ?? [])]) {
        const address = await files.picture(file);
        if (address) editor?.insertPicture(address, file.name);
      }
      picture.value = "";
    });
  }
  document.addEventListener("visibilitychange", () => { if (document.hidden && dirty && !ended) void save(); });
  window.addEventListener("online", () => { if (dirty && !ended) void save(); });
  window.addEventListener("beforeunload", (event) => {
    if (!dirty || ended || !form.isConnected) return;
    void save();
    event.preventDefault();
  });
  return composer;
}

/** @param {any} json */
function firstMessage(json) {
  const lists = Object.values(json.errors ?? {});
  return /** @type {any} */ (lists[0])?.[0]?.message ?? json.detail ?? "";
}
