// @ts-check
/**
 * Keeps a `<datalist>` filled with what the server finds for the text of an input.
 * @param {HTMLInputElement} input
 * @param {HTMLDataListElement} list
 * @param {string} url
 * @returns {() => void}
 */
export function optionsFor(input, list, url) {
  /** @type {number | undefined} */
  let timer;
  /** @type {AbortController | undefined} */
  let running;
  return () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(async () => {
      running?.abort();
      running = new AbortController();
      try {
        const response = await fetch(`${url}?part=${encodeURIComponent(input.value)}`, {
          headers: { "HX-Request": "true" },
          signal: running.signal,
        });
        if (!response.ok) return;
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        list.replaceChildren(...page.querySelectorAll("option"));
      } catch {
        // no suggestions then; typing the address in full works as well
      }
    }, 150);
  };
}
