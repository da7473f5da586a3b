// @ts-check
/** The form of a new mailbox: suggests the address from the name, shows only the entry chosen. */
const form = document.querySelector("[data-mailbox-form]");
const name = form?.querySelector("[name=name]");
const local = form?.querySelector("[name=localpart]");

/** @param {string} text */
function plain(text) {
  return text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/[\u0300-\u036f]/g, "")
    .split(/[^a-z0-9]+/).filter(Boolean).join(".").slice(0, 64).replace(/\.$/, "");
}

if (name instanceof HTMLInputElement && local instanceof HTMLInputElement) {
  let own = local.value !== "" && local.value !== plain(name.value);
  local.addEventListener("input", () => { own = local.value !== ""; });
  name.addEventListener("input", () => { if (!own) local.value = plain(name.value); });
}

function show() {
  const chosen = form?.querySelector("[name=entry]:checked");
  const entry = chosen instanceof HTMLInputElement ? chosen.value : "";
  form?.querySelectorAll("[data-entry]").forEach((part) => {
    if (part instanceof HTMLElement) part.hidden = part.dataset.entry !== entry;
  });
}
form?.addEventListener("change", show);
show();
