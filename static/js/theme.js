// @ts-check
/** Light and dark at once: the page turns first, the server remembers. */

/** @param {string} theme */
function show(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  document.querySelectorAll("[data-theme-choices] [name=theme]").forEach((choice) => {
    if (choice instanceof HTMLButtonElement) choice.setAttribute("aria-pressed", String(choice.value === theme));
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {string} theme
 */
function remember(form, theme) {
  const body = new FormData(form);
  body.set("theme", theme);
  void fetch(form.action, { method: "POST", body, headers: { Accept: "text/plain" }, credentials: "same-origin" });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) return;
  let theme;
  if (form.matches("[data-theme-toggle]")) {
    const shown = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    theme = shown === "dark" ? "light" : "dark";
  } else if (form.matches("[data-theme-choices]")) {
    const button = /** @type {SubmitEvent} */ (event).submitter;
    theme = button instanceof HTMLButtonElement ? button.value : "";
  } else return;
  event.preventDefault();
  show(theme);
  remember(form, theme);
});
