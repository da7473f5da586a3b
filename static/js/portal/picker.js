// @ts-check
/** Finds one of the tenant's addresses and adds it as a line to a text area (`data-picker` names it). */
import { optionsFor } from "./options.js";

document.querySelectorAll("[data-picker]").forEach((box) => {
  if (!(box instanceof HTMLElement)) return;
  const lines = document.getElementById(box.dataset.picker ?? "");
  const input = box.querySelector("input");
  const list = box.querySelector("datalist");
  if (!(lines instanceof HTMLTextAreaElement) || !input || !list) return;
  box.hidden = false;
  const look = optionsFor(input, list, input.dataset.options ?? "");
  input.addEventListener("focus", look, { once: true });
  input.addEventListener("input", () => {
    const chosen = [...list.options].find((option) => option.value === input.value);
    if (!chosen) { look(); return; }
    const there = lines.value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (!there.includes(chosen.value)) there.push(chosen.value);
    lines.value = there.join("\n");
    input.value = "";
    look();
  });
  // Return belongs to choosing here, not to sending the form.
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
});
