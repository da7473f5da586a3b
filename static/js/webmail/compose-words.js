// @ts-check
/** Words and pieces that the composer's page carries for its scripts. */

/**
 * @param {string} name
 * @param {Record<string, string | number>} [values] what {name}, {n}, {size} stand for
 */
export function say(name, values = {}) {
  let text = document.getElementById("compose-words")?.dataset[name] ?? "";
  for (const [key, value] of Object.entries(values)) text = text.replace(`{${key}}`, String(value));
  return text;
}

/** @param {string} id @returns {HTMLElement} */
export function made(id) {
  const template = document.getElementById(id);
  const node = template instanceof HTMLTemplateElement ? template.content.firstElementChild?.cloneNode(true) : null;
  return node instanceof HTMLElement ? node : document.createElement("span");
}

/** @param {number} bytes */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: digits }).format(value)} ${units[unit]}`;
}

/** Parse markup into nodes; nothing in it is fetched or run. @param {string} text */
export function fragment(text) {
  const nodes = document.createDocumentFragment();
  nodes.append(...new DOMParser().parseFromString(text, "text/html").body.childNodes);
  return nodes;
}
