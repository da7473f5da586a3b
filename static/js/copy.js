// @ts-check
/** Copy buttons: `data-copy` holds the text; the icon turns into a check for a moment. */
import { showToast, words } from "./toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  if (!(button instanceof HTMLElement)) return;
  const text = button.dataset.copy ?? "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // no clipboard without https: select the value, so that one key press copies it
    const value = button.parentElement?.querySelector("code, input");
    if (value instanceof HTMLInputElement) value.select();
    else if (value) getSelection()?.selectAllChildren(value);
    if (!document.execCommand("copy")) return;
  }
  const use = button.querySelector("use");
  const before = use?.getAttribute("href") ?? "";
  use?.setAttribute("href", before.replace(/#i-.*/, "#i-check"));
  showToast(words("copied"));
  window.setTimeout(() => use?.setAttribute("href", before), 2000);
});
