// @ts-check
/** Starts the composer's own page. */
import { startComposer } from "./composer.js";
import { keepForNextPage } from "./sent.js";

const form = document.querySelector("form[data-composer]");
if (form instanceof HTMLFormElement) {
  const composer = await startComposer(
    form,
    {
      sent: ({ toast, next }) => {
        keepForNextPage({ toast });
        location.assign(next);
      },
      discarded: ({ text, next }) => {
        keepForNextPage({ text });
        location.assign(next);
      },
      saved: (address) => {
        const next = new FormData(form).get("next");
        history.replaceState(history.state, "", `${address}&next=${encodeURIComponent(String(next))}`);
      },
    },
    document,
  );
  composer.focus();
  document.querySelector("[data-leave]")?.addEventListener("click", async (event) => {
    if (!composer.isDirty()) return;
    event.preventDefault();
    if (await composer.save() && event.target instanceof Element) location.assign(event.target.closest("a")?.href ?? "/mail/");
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("[popover]:popover-open")) return;
    const leave = document.querySelector("[data-leave]");
    if (leave instanceof HTMLElement) leave.click();
  });
}
