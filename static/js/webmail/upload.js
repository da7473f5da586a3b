// @ts-check
/** Files of a letter: chosen, dropped or pasted; checked before they travel, shown while they do. */
import { fragment, made, say, size } from "./compose-words.js";
import { csrfToken } from "./page.js";

/**
 * @param {HTMLFormElement} form
 * @param {{changed: () => void, problem: (text: string) => void}} does
 */
export function startFiles(form, does) {
  const list = form.querySelector("[data-files]");
  const room = Number(form.dataset.room ?? 0);
  /** @type {Set<XMLHttpRequest>} */
  const running = new Set();
  let promised = 0; // bytes on their way

  const taken = () => [...(list?.querySelectorAll("[data-file]") ?? [])].reduce((sum, one) => sum + Number(one instanceof HTMLElement ? one.dataset.size : 0), 0);

  /** @param {File} file */
  function fits(file) {
    if (taken() + promised + file.size <= room) return true;
    does.problem(say("tooLarge", { name: file.name, size: size(room) }));
    return false;
  }

  /** @param {File} file @param {boolean} isInline @param {(share: number) => void} progress @returns {{request: XMLHttpRequest, done: Promise<string>}} */
  function send(file, isInline, progress) {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.set("csrfmiddlewaretoken", csrfToken());
    body.set("file", file, file.name);
    if (isInline) body.set("inline", "1");
    const done = new Promise((resolve, reject) => {
      request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progress(event.loaded / event.total); });
      request.addEventListener("load", () => (request.status < 300 ? resolve(request.responseText) : reject(new Error(told(request)))));
      request.addEventListener("error", () => reject(new Error(say("failed"))));
      request.addEventListener("abort", () => reject(new Error("")));
    });
    request.open("POST", form.dataset.upload ?? "");
    request.setRequestHeader(isInline ? "Accept" : "HX-Request", isInline ? "application/json" : "true");
    request.send(body);
    running.add(request);
    promised += file.size;
    return { request, done: done.finally(() => { running.delete(request); promised -= file.size; }) };
  }

  /** @param {File} file */
  async function attach(file) {
    if (!list || !fits(file)) return;
    const card = made("compose-upload");
    const name = card.querySelector(".attachment__name");
    const state = card.querySelector(".attachment__size");
    const bar = card.querySelector("rect");
    const kind = card.querySelector(".attachment__kind");
    if (name) name.textContent = file.name;
    if (kind) kind.textContent = (file.name.split(".").pop() ?? "").slice(0, 4).toUpperCase();
    const label = say("cancelUpload", { name: file.name });
    card.querySelector("button")?.setAttribute("title", label);
    const hidden = card.querySelector(".visually-hidden");
    if (hidden) hidden.textContent = label;
    list.append(card);
    const { request, done } = send(file, false, (share) => {
      if (state) state.textContent = `${Math.round(share * 100)} % · ${size(share * file.size)} / ${size(file.size)}`;
      bar?.setAttribute("width", String(Math.round(share * 100)));
    });
    card.querySelector("[data-stop-upload]")?.addEventListener("click", () => request.abort());
    try {
      card.replaceWith(fragment(await done));
      does.changed();
    } catch (error) {
      card.remove();
      if (error instanceof Error && error.message) does.problem(error.message);
    }
  }

  /** @param {File} file @returns {Promise<string | null>} the picture's address for the text */
  async function picture(file) {
    if (!/^image\/(png|jpeg|gif|webp)$/.test(file.type)) {
      does.problem(say("noPicture", { name: file.name }));
      return null;
    }
    if (!fits(file)) return null;
    try {
      return JSON.parse(await send(file, true, () => {}).done).url;
    } catch (error) {
      does.problem(error instanceof Error && error.message ? error.message : say("failed"));
      return null;
    }
  }

  /** @param {Iterable<File>} files */
  function attachAll(files) {
    for (const file of files) void attach(file);
  }

  list?.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-remove-file]") : null;
    if (!(button instanceof HTMLElement)) return;
    event.preventDefault();
    const card = button.closest("[data-file]");
    card?.remove();
    const body = new FormData();
    body.set("csrfmiddlewaretoken", csrfToken());
    void fetch(button.dataset.removeFile ?? "", { method: "POST", body, headers: { Accept: "application/json" }, credentials: "same-origin" });
    does.changed();
  });
  const input = form.querySelector("[data-file-input]");
  if (input instanceof HTMLInputElement) {
    input.addEventListener("change", () => {
      attachAll([...(input.files ?? [])]);
      input.value = "";
    });
  }
  form.dataset.drop = say("drop");
  form.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("is-drop");
  });
  form.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node) || !form.contains(event.relatedTarget)) form.classList.remove("is-drop");
  });
  form.addEventListener("drop", (event) => {
    form.classList.remove("is-drop");
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    attachAll([...event.dataTransfer.files]);
  });

  return {
    attachAll,
    picture,
    isBusy: () => running.size > 0,
    count: () => list?.querySelectorAll("[data-file]").length ?? 0,
    bytes: taken,
    choose() { if (input instanceof HTMLInputElement) input.click(); },
  };
}

/** What the server says to the person. @param {XMLHttpRequest} request */
function told(request) {
  try {
    return JSON.parse(request.responseText).detail ?? say("failed");
  } catch {
    return fragment(request.responseText).querySelector(".toast span")?.textContent ?? say("failed");
  }
}
