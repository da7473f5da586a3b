// @ts-check
/** Recipient fields: text becomes chips, typing is completed from people one knows. */
import { fragment, made, say } from "./compose-words.js";

const ADDRESS = /^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>".]{2,}$/;
let numbers = 0;

/** @typedef {{text: string, name: string, email: string, isAddress: boolean}} Entry */

/**
 * Cut a pasted list at commas, semicolons and line ends outside quotes and angle brackets.
 * @param {string} text
 */
export function split(text) {
  /** @type {string[]} */
  const parts = [];
  let part = "";
  let quoted = false;
  let angle = false;
  for (const sign of text) {
    if (sign === '"') quoted = !quoted;
    else if (sign === "<" && !quoted) angle = true;
    else if (sign === ">" && !quoted) angle = false;
    if (/[,;\r\n]/.test(sign) && !quoted && !angle) {
      parts.push(part);
      part = "";
    } else part += sign;
  }
  parts.push(part);
  return parts.map((one) => one.trim()).filter(Boolean);
}

/** @param {string} text @returns {Entry} */
export function entry(text) {
  const match = /^(.*?)<([^<>]*)>\s*$/.exec(text);
  const email = (match ? match[2] : text).trim();
  const name = match ? match[1].trim().replace(/^"(.*)"$/, "$1").replace(/\\(.)/g, "$1") : "";
  return { text, name, email, isAddress: ADDRESS.test(email) };
}

/** The hue the server gives a name: SHA-1, its last byte. @param {string} name @param {Element} avatar */
async function colour(name, avatar) {
  if (!window.crypto?.subtle) return;
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(name));
  avatar.classList.add(`hue-${new Uint8Array(digest)[19] & 7}`);
}

/** @param {string} name */
function initials(name) {
  const words = name.replace(/@\S+$|[^\p{L}\p{N}\s]/gu, " ").split(/\s+/).filter(Boolean);
  if (!words.length) return "?";
  return (words[0][0] + (words.length > 1 ? words[words.length - 1][0] : "")).toUpperCase();
}

/** @param {Entry} one @param {() => void} remove @param {() => void} edit */
function chip(one, remove, edit) {
  const node = made("compose-chip");
  const shown = one.name || one.email || one.text;
  const words = node.querySelector("[data-chip-text]");
  if (words) {
    words.textContent = shown;
    words.addEventListener("click", edit);
  }
  node.title = one.email;
  const avatar = node.querySelector(".avatar");
  if (avatar) {
    avatar.textContent = initials(shown);
    void colour(shown, avatar);
  }
  if (!one.isAddress) {
    node.classList.add("chip--invalid");
    node.title = `${one.text} ${say("notAnAddress")}`;
  }
  const button = node.querySelector("button");
  if (button) {
    const label = say("remove", { name: shown }) + (one.isAddress ? "" : `, ${one.text} ${say("notAnAddress")}`);
    button.title = label;
    const hidden = button.querySelector("[data-chip-remove]");
    if (hidden) hidden.textContent = label;
    button.addEventListener("click", remove);
  }
  return node;
}

/** One field: a hidden input with the text, chips, and an input to type in. */
class Field {
  /** @param {HTMLElement} row @param {HTMLInputElement} input @param {string} peopleUrl @param {() => void} changed */
  constructor(row, input, peopleUrl, changed) {
    this.row = row;
    this.store = input;
    this.peopleUrl = peopleUrl;
    this.changed = changed;
    /** @type {Entry[]} */
    this.entries = split(input.value).map(entry);
    this.typing = document.createElement("input");
    this.box = document.createElement("span");
    this.list = document.createElement("ul");
    this.build();
    this.draw();
  }

  build() {
    const { store, typing, box, list, row } = this;
    const had = document.activeElement === store;
    typing.type = "text";
    typing.id = store.id;
    typing.autocomplete = "off";
    typing.spellcheck = false;
    typing.autocapitalize = "off";
    for (const name of ["aria-describedby", "aria-invalid"]) {
      const value = store.getAttribute(name);
      if (value) typing.setAttribute(name, value);
    }
    typing.setAttribute("role", "combobox");
    typing.setAttribute("aria-autocomplete", "list");
    typing.setAttribute("aria-expanded", "false");
    list.id = `people-${++numbers}`;
    list.className = "autocomplete";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", say("suggestions"));
    typing.setAttribute("aria-controls", list.id);
    box.className = "composer__people";
    store.removeAttribute("id");
    store.type = "hidden";
    store.after(box);
    box.append(typing);
    row.append(list);
    typing.addEventListener("input", () => this.typed());
    typing.addEventListener("keydown", (event) => this.key(event));
    typing.addEventListener("paste", (event) => this.paste(event));
    typing.addEventListener("blur", () => window.setTimeout(() => { this.commit(); this.close(); }, 150));
    row.addEventListener("click", (event) => { if (event.target === row || event.target === box) typing.focus(); });
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
      if (option instanceof HTMLElement) this.pick(option);
    });
    if (had) typing.focus();
  }

  draw() {
    this.box.querySelectorAll(".chip").forEach((node) => node.remove());
    this.entries.forEach((one, index) => {
      this.typing.before(chip(one, () => this.drop(index), () => this.edit(index)));
    });
    this.write();
  }

  write() {
    const typed = this.typing.value.trim();
    this.store.value = [...this.entries.map((one) => one.text), ...(typed ? [typed] : [])].join(", ");
  }

  /** @param {string} text */
  add(text) {
    for (const part of split(text)) {
      const one = entry(part);
      if (!this.entries.some((known) => known.email.toLowerCase() === one.email.toLowerCase())) this.entries.push(one);
    }
    this.typing.value = "";
    this.draw();
    this.changed();
  }

  commit() {
    if (this.typing.value.trim()) this.add(this.typing.value);
  }

  /** @param {number} index */
  drop(index) {
    this.entries.splice(index, 1);
    this.draw();
    this.changed();
    this.typing.focus();
  }

  /** @param {number} index */
  edit(index) {
    this.commit();
    const [one] = this.entries.splice(index, 1);
    this.typing.value = one.text;
    this.draw();
    this.typing.focus();
  }

  typed() {
    const text = this.typing.value;
    if (/[,;]\s*$/.test(text) && split(`${text} x`).length > 1) this.commit();
    this.write();
    this.changed();
    window.clearTimeout(this.wait);
    this.wait = window.setTimeout(() => void this.suggest(), 120);
  }

  /** @param {ClipboardEvent} event */
  paste(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!/[,;\r\n]/.test(text)) return;
    event.preventDefault();
    this.add(this.typing.value + text);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.isComposing) return;
    const options = this.options();
    if (options.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.select(options[(at + step + options.length) % options.length]);
    } else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey) {
      const chosen = options.find((one) => one.getAttribute("aria-selected") === "true");
      if (chosen) {
        event.preventDefault();
        this.pick(chosen);
      } else if (this.typing.value.trim()) {
        if (event.key === "Enter") event.preventDefault();
        this.commit();
      } else if (event.key === "Enter") event.preventDefault();
    } else if (event.key === "Escape" && options.length) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (event.key === "Backspace" && !this.typing.value && this.entries.length) {
      event.preventDefault();
      this.backspace();
    } else if (event.key === " " && ADDRESS.test(this.typing.value.trim())) {
      event.preventDefault();
      this.commit();
    }
  }

  /** The first stroke marks the last chip, the second removes it. */
  backspace() {
    const last = this.box.querySelector(".chip:last-of-type");
    if (last?.classList.contains("is-cursor")) this.drop(this.entries.length - 1);
    else {
      last?.classList.add("is-cursor");
      this.typing.addEventListener("input", () => last?.classList.remove("is-cursor"), { once: true });
    }
  }

  options() {
    return [...this.list.querySelectorAll("[role=option]")].filter((one) => one instanceof HTMLElement);
  }

  async suggest() {
    const part = this.typing.value.trim();
    if (part.length < 1) {
      this.close();
      return;
    }
    try {
      const answer = await fetch(`${this.peopleUrl}?q=${encodeURIComponent(part)}`, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
      if (!answer.ok || this.typing.value.trim() !== part) return;
      const people = fragment(await answer.text());
      const known = new Set(this.entries.map((one) => one.email.toLowerCase()));
      const options = [...people.children].filter((one) => one instanceof HTMLElement && !known.has(one.dataset.email ?? ""));
      options.forEach((one, index) => { one.id = `${this.list.id}-${index}`; mark(one, part); });
      this.list.replaceChildren(...options);
      this.typing.setAttribute("aria-expanded", String(options.length > 0));
      if (options[0]) this.select(options[0]);
    } catch {
      this.close();
    }
  }

  /** @param {Element} option */
  select(option) {
    this.options().forEach((one) => one.setAttribute("aria-selected", String(one === option)));
    this.typing.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  /** @param {Element} option */
  pick(option) {
    this.typing.value = "";
    if (option instanceof HTMLElement) this.add(option.dataset.value ?? "");
    this.close();
    this.typing.focus();
  }

  close() {
    this.list.replaceChildren();
    this.typing.setAttribute("aria-expanded", "false");
    this.typing.removeAttribute("aria-activedescendant");
  }
}

/** Mark what was typed inside a suggestion, accents aside. @param {Element} option @param {string} part */
function mark(option, part) {
  /** @param {string} text */
  const fold = (text) => [...text].map((sign) => sign.normalize("NFD")[0].toLowerCase().replace("đ", "d")).join("");
  for (const node of option.querySelectorAll("[dir=auto], small")) {
    const text = node.textContent ?? "";
    const letters = [...text];
    const at = [...fold(text)].length === letters.length ? fold(text).indexOf(fold(part)) : -1;
    if (at < 0) continue;
    const found = document.createElement("mark");
    const length = [...part].length;
    found.textContent = letters.slice(at, at + length).join("");
    node.replaceChildren(letters.slice(0, at).join(""), found, letters.slice(at + length).join(""));
    return;
  }
}

/**
 * Make the recipient fields of a composer live.
 * @param {HTMLFormElement} form
 * @param {() => void} changed
 */
export function startRecipients(form, changed) {
  /** @type {Map<string, Field>} */
  const fields = new Map();
  for (const row of form.querySelectorAll("[data-recipients]")) {
    const input = row.querySelector("input[name]");
    if (!(row instanceof HTMLElement) || !(input instanceof HTMLInputElement)) continue;
    fields.set(input.name, new Field(row, input, form.dataset.people ?? "", changed));
    if (row.matches("[data-may-fold]")) row.classList.add("is-folded");
  }
  const buttons = [...form.querySelectorAll("[data-show]")].filter((one) => one instanceof HTMLElement);
  for (const button of buttons) {
    const row = form.querySelector(`[data-recipients="${button.dataset.show}"]`);
    if (row && !row.classList.contains("is-folded")) button.hidden = true;
    button.addEventListener("click", () => {
      row?.classList.remove("is-folded");
      button.hidden = true;
      fields.get(button.dataset.show ?? "")?.typing.focus();
    });
  }
  return {
    /** Take over what is still being typed. */
    finish() { fields.forEach((field) => { field.commit(); field.write(); }); },
    /** Keep the stored text in step, without making chips. */
    write() { fields.forEach((field) => field.write()); },
    count: () => [...fields.values()].reduce((sum, field) => sum + field.entries.length, 0),
    focusFirst() { fields.get("to")?.typing.focus(); },
    isEmpty: () => ![...fields.values()].some((field) => field.entries.length),
  };
}
