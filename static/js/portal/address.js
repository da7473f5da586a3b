// @ts-check
/** Suggests the tenant's addresses while one is typed into an input marked `data-options`. */
import { optionsFor } from "./options.js";

document.querySelectorAll("input[data-options]").forEach((input) => {
  if (!(input instanceof HTMLInputElement) || input.closest("[data-picker]")) return;
  const list = input.list;
  if (!list) return;
  const look = optionsFor(input, list, input.dataset.options ?? "");
  input.addEventListener("focus", look, { once: true });
  input.addEventListener("input", look);
});
