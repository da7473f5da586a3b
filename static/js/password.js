// @ts-check
/** The eye beside a password: `data-reveal` shows and hides the field before it. */
document.querySelectorAll("[data-reveal]").forEach((button) => {
  if (button instanceof HTMLElement) button.hidden = false;
});
document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-reveal]") : null;
  if (!(button instanceof HTMLElement)) return;
  const input = button.parentElement?.querySelector("input");
  if (!(input instanceof HTMLInputElement)) return;
  const shown = input.type === "text";
  input.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
});
