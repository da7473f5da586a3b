// @ts-check
/** The text of a letter: an editable document in a frame of its own, without any script inside. */
import { say } from "./compose-words.js";
import { wearTheme } from "./page.js";

const KEPT = new Set(["A", "B", "BLOCKQUOTE", "BR", "CODE", "DIV", "EM", "H1", "H2", "H3", "I", "LI", "OL", "P", "PRE", "S", "STRONG", "SUB", "SUP", "TABLE", "TBODY", "TD", "TH", "THEAD", "TR", "U", "UL"]);
const DROPPED = new Set(["SCRIPT", "STYLE", "TITLE", "META", "LINK", "TEMPLATE", "IFRAME", "OBJECT", "SVG", "HEAD"]);
const FILE = /\/mail\/\d+\/compose\/files\/([0-9a-f-]{36})\/$/;

/**
 * Parse in the frame's own realm: its policy allows the styles of quoted mail, the page's does not.
 * @param {Document} inside @param {string} html
 */
function parsed(inside, html) {
  const Parser = /** @type {any} */ (inside.defaultView).DOMParser;
  return /** @type {Document} */ (new Parser().parseFromString(html, "text/html"));
}

/** What is pasted keeps its structure and links, nothing else. @param {Document} inside @param {string} html */
function cleaned(inside, html) {
  const page = parsed(inside, html);
  const out = inside.implementation.createHTMLDocument("");
  /** @param {Node} from @param {Node} into */
  const copy = (from, into) => {
    for (const node of [...from.childNodes]) {
      if (node instanceof Text || node.nodeType === Node.TEXT_NODE) into.appendChild(out.createTextNode(node.textContent ?? ""));
      else if (node.nodeType === Node.ELEMENT_NODE) {
        const element = /** @type {Element} */ (node);
        const name = element.tagName.toUpperCase();
        if (DROPPED.has(name)) continue;
        if (!KEPT.has(name)) { copy(element, into); continue; }
        const kept = out.createElement(name);
        const href = element.getAttribute("href") ?? "";
        if (name === "A" && /^(https?:|mailto:|tel:)/i.test(href)) kept.setAttribute("href", href);
        into.appendChild(kept);
        copy(element, kept);
      }
    }
  };
  copy(page.body, out.body);
  return out.body.innerHTML;
}

/**
 * @param {HTMLFormElement} form
 * @param {{changed: () => void, send: () => void, files: (files: File[]) => void, picture: (file: File) => Promise<string | null>}} does
 */
export async function startEditor(form, does) {
  const text = form.querySelector("[data-text]");
  const html = form.querySelector("[data-html]");
  if (!(text instanceof HTMLTextAreaElement) || !(html instanceof HTMLTextAreaElement)) return null;
  const frame = document.createElement("iframe");
  frame.className = "composer__frame";
  frame.title = say("editorLabel");
  frame.src = form.dataset.editor ?? "";
  await new Promise((done, failed) => {
    frame.addEventListener("load", done, { once: true });
    frame.addEventListener("error", failed, { once: true });
    text.before(frame);
  });
  const inside = frame.contentDocument;
  if (!inside?.body || inside.contentType !== "text/html") {
    frame.remove();
    return null;
  }
  text.hidden = true;
  const { body } = inside;
  fill(inside, html.value, text.value);
  body.contentEditable = "true";
  body.setAttribute("role", "textbox");
  body.setAttribute("aria-multiline", "true");
  body.setAttribute("aria-label", say("editorLabel"));
  body.dir = "auto";
  inside.execCommand("defaultParagraphSeparator", false, "div"); // whoever reads it sees a line as a line; paragraphs get margins
  inside.execCommand("styleWithCSS", false, "false");
  followTheme(inside);

  body.addEventListener("input", does.changed);
  inside.addEventListener("keydown", (event) => keys(event, form, does));
  inside.addEventListener("paste", (event) => void pasted(event, inside, does));
  inside.addEventListener("dragover", (event) => event.preventDefault());
  inside.addEventListener("drop", (event) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    does.files(files);
  });
  const bar = form.querySelector("[data-format-bar]");
  inside.addEventListener("selectionchange", () => press(inside, bar));
  startBar(form, inside, frame, does.changed);

  return {
    frame,
    /** Write what stands in the frame into the form. */
    write() {
      html.value = serialised(body);
      text.value = body.innerText;
    },
    plain: () => ownText(body),
    focus(atStart = true) {
      frame.focus();
      body.focus();
      const selection = inside.getSelection();
      if (selection) {
        selection.selectAllChildren(atStart ? body.firstElementChild ?? body : body);
        if (atStart) selection.collapseToStart();
        else selection.collapseToEnd();
      }
    },
    /** @param {string} address @param {string} name */
    insertPicture(address, name) {
      frame.focus();
      body.focus();
      inside.execCommand("insertImage", false, address);
      for (const picture of inside.images) if (picture.getAttribute("src") === address) picture.alt = name;
      does.changed();
    },
  };
}

/** @param {Document} inside @param {string} html @param {string} text */
function fill(inside, html, text) {
  if (html) inside.body.replaceChildren(...parsed(inside, html).body.childNodes); // washed by the server; nothing can run in this frame
  else {
    const lines = text ? text.split("\n") : [""];
    inside.body.replaceChildren(...lines.map((words) => {
      const line = inside.createElement("div");
      if (words) line.textContent = words;
      else line.append(inside.createElement("br"));
      return line;
    }));
  }
  if (!inside.body.firstElementChild) {
    const line = inside.createElement("div");
    line.append(inside.createElement("br"));
    inside.body.append(line);
  }
}

/** The letter's HTML; our pictures by Content-ID. @param {HTMLElement} body */
function serialised(body) {
  const copy = /** @type {HTMLElement} */ (body.cloneNode(true));
  for (const picture of copy.querySelectorAll("img")) {
    const file = FILE.exec(new URL(picture.getAttribute("src") ?? "", location.href).pathname);
    if (file) picture.setAttribute("src", `cid:${file[1].replaceAll("-", "")}`);
  }
  return copy.innerHTML;
}

/** What the writer added himself: quotations and what is passed on are not his words. @param {HTMLElement} body */
function ownText(body) {
  const copy = /** @type {HTMLElement} */ (body.cloneNode(true));
  copy.querySelectorAll("blockquote[type=cite]").forEach((quote) => quote.remove());
  return (copy.textContent ?? "").split("---------- ")[0];
}

/** @param {Document} inside */
function followTheme(inside) {
  wearTheme(inside);
  new MutationObserver(() => wearTheme(inside)).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
}

/** @param {KeyboardEvent} event @param {HTMLFormElement} form @param {{send: () => void}} does */
function keys(event, form, does) {
  const control = event.ctrlKey || event.metaKey;
  if (control && event.key === "Enter") {
    event.preventDefault();
    does.send();
  } else if (control && event.key.toLowerCase() === "k") {
    event.preventDefault();
    const menu = form.querySelector("[data-link-menu]");
    if (menu instanceof HTMLElement) menu.showPopover();
  } else if (event.key === "Escape") {
    form.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  }
}

/**
 * @param {ClipboardEvent} event
 * @param {Document} inside
 * @param {{changed: () => void, files: (files: File[]) => void, picture: (file: File) => Promise<string | null>}} does
 */
async function pasted(event, inside, does) {
  const data = event.clipboardData;
  if (!data) return;
  const files = [...data.files];
  const html = data.getData("text/html");
  if (files.length && !html) {
    event.preventDefault();
    for (const file of files) {
      if (!file.type.startsWith("image/")) { does.files([file]); continue; }
      const address = await does.picture(file);
      if (address) inside.execCommand("insertImage", false, address);
    }
    does.changed();
  } else if (html) {
    event.preventDefault();
    inside.execCommand("insertHTML", false, cleaned(inside, html));
    does.changed();
  }
}

/** Show which formats hold at the cursor. @param {Document} inside @param {Element | null} bar */
function press(inside, bar) {
  for (const button of bar?.querySelectorAll("[data-format][aria-pressed]") ?? []) {
    if (button instanceof HTMLElement) button.setAttribute("aria-pressed", String(inside.queryCommandState(button.dataset.format ?? "")));
  }
}

/** @param {HTMLFormElement} form @param {Document} inside @param {HTMLIFrameElement} frame @param {() => void} changed */
function startBar(form, inside, frame, changed) {
  const bar = form.querySelector("[data-format-bar]");
  const menu = form.querySelector("[data-link-menu]");
  const address = form.querySelector("[data-link-address]");
  if (!bar || !(menu instanceof HTMLElement) || !(address instanceof HTMLInputElement)) return;
  const toggle = form.querySelector("[data-format-toggle]");
  toggle?.addEventListener("click", () => {
    if (!(bar instanceof HTMLElement)) return;
    bar.hidden = !bar.hidden;
    toggle.setAttribute("aria-pressed", String(!bar.hidden));
  });
  bar.addEventListener("mousedown", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-format]")) event.preventDefault(); // the selection stays
  });
  bar.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-format]") : null;
    if (!(button instanceof HTMLElement) || button.dataset.format === "link") return;
    frame.focus();
    inside.body.focus();
    if (button.dataset.format === "code") inside.execCommand("formatBlock", false, isIn(inside, "PRE") ? "div" : "pre");
    else inside.execCommand(button.dataset.format ?? "");
    press(inside, bar);
    changed();
  });
  /** @type {Range | null} */
  let range = null;
  menu.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState !== "open") return;
    const selection = inside.getSelection();
    range = selection?.rangeCount ? selection.getRangeAt(0).cloneRange() : null;
    const link = anchorAt(inside);
    address.value = link?.getAttribute("href") ?? "";
    address.focus();
  });
  const done = () => {
    menu.hidePopover();
    frame.focus();
    inside.body.focus();
    const selection = inside.getSelection();
    if (range && selection) {
      selection.removeAllRanges();
      selection.addRange(range);
    }
  };
  const set = () => {
    const typed = address.value.trim();
    done();
    if (!typed) return;
    const href = /^(https?:|mailto:|tel:)/i.test(typed) ? typed : typed.includes("@") ? `mailto:${typed}` : `https://${typed}`;
    if (inside.getSelection()?.isCollapsed) {
      const link = inside.createElement("a");
      link.href = href;
      link.textContent = typed;
      inside.execCommand("insertHTML", false, link.outerHTML);
    } else inside.execCommand("createLink", false, href);
    changed();
  };
  form.querySelector("[data-link-set]")?.addEventListener("click", set);
  form.querySelector("[data-link-remove]")?.addEventListener("click", () => {
    done();
    inside.execCommand("unlink");
    changed();
  });
  address.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    set();
  });
}

/** @param {Document} inside @param {string} name */
function isIn(inside, name) {
  const node = inside.getSelection()?.anchorNode;
  const element = node?.nodeType === Node.ELEMENT_NODE ? /** @type {Element} */ (node) : node?.parentElement;
  return Boolean(element?.closest(name));
}

/** @param {Document} inside */
function anchorAt(inside) {
  const node = inside.getSelection()?.anchorNode;
  const element = node?.nodeType === Node.ELEMENT_NODE ? /** @type {Element} */ (node) : node?.parentElement;
  return element?.closest("a") ?? null;
}
