// @ts-check
/**
 * Ticked rows of a list: counts them, ticks a page or everything that matches, and shows the bar of
 * deeds only while something is ticked. The list may be replaced by htmx at any time.
 */

/** @returns {HTMLInputElement[]} */
const boxes = () => [...document.querySelectorAll("input[data-select-row]")].filter((box) => box instanceof HTMLInputElement);

function show() {
  const bar = document.querySelector("[data-selection]");
  if (!(bar instanceof HTMLElement)) return;
  const rows = boxes();
  const ticked = rows.filter((row) => row.checked).length;
  const matching = bar.querySelector("[data-select-matching]");
  const every = matching instanceof HTMLInputElement && matching.checked;
  const count = every ? Number(matching.dataset.selectMatching) : ticked;
  bar.toggleAttribute("data-some", count > 0);
  const number = bar.querySelector("[data-selected]");
  if (number) number.textContent = count.toLocaleString(document.documentElement.lang);
  rows.forEach((row) => row.closest("tr")?.classList.toggle("is-selected", row.checked));
  const page = document.querySelector("input[data-select-page]");
  if (page instanceof HTMLInputElement) {
    page.checked = rows.length > 0 && ticked === rows.length;
    page.indeterminate = ticked > 0 && ticked < rows.length;
  }
}

/** @param {boolean} on */
function tick(on) {
  boxes().forEach((row) => { row.checked = on; });
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement)) return;
  if (box.matches("[data-select-page], [data-select-matching]")) tick(box.checked);
  if (box.matches("[data-select-row], [data-select-page]") && !box.checked) {
    const matching = document.querySelector("[data-select-matching]");
    if (matching instanceof HTMLInputElement) matching.checked = false;
  }
  if (box.matches("[data-select-row], [data-select-page], [data-select-matching]")) show();
});

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || !event.target.closest("[data-select-none]")) return;
  tick(false);
  const matching = document.querySelector("[data-select-matching]");
  if (matching instanceof HTMLInputElement) matching.checked = false;
  show();
});

document.addEventListener("htmx:afterSettle", show);
show();
