// @ts-check
/** A click anywhere in a table row marked `data-row` opens the row's own link. */
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element) || event.target.closest("a, button, input, select, label, summary, form")) return;
  const row = event.target.closest("tr[data-row]");
  if (!row || String(getSelection())) return;
  const link = row.querySelector("a[href]");
  if (!(link instanceof HTMLAnchorElement)) return;
  if (event instanceof MouseEvent && (event.ctrlKey || event.metaKey)) window.open(link.href, "_blank", "noopener");
  else link.click();
});
