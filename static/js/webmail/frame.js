// @ts-check
/** Gives the frame of an HTML message the height of what is in it, and passes its keys on. */
import { wearTheme } from "./page.js";

const SMALLEST_ZOOM = 0.5;
const LARGEST = 60_000; // pixels; above that the frame scrolls by itself

/**
 * Shrink a letter that is built wider than the pane, as far as it stays readable.
 * @param {HTMLElement} root @param {number} width
 */
function fit(root, width) {
  root.style.zoom = "";
  const needed = root.scrollWidth;
  if (width > 0 && needed > width + 2) root.style.zoom = String(Math.max(SMALLEST_ZOOM, width / needed));
}

/** @param {HTMLIFrameElement} frame */
function follow(frame) {
  if (frame.dataset.followed) return;
  frame.dataset.followed = "yes";
  /** @type {ResizeObserver | null} */
  let observer = null;
  const begin = () => {
    observer?.disconnect();
    const inside = frame.contentDocument;
    if (!inside?.body || inside.URL === "about:blank") return;
    wearTheme(inside);
    const measure = () => {
      const root = inside.documentElement;
      fit(root, frame.clientWidth);
      const zoom = Number(root.style.zoom) || 1;
      const height = Math.max(inside.body.scrollHeight, inside.body.offsetHeight) * zoom;
      const needed = Math.ceil(Math.min(LARGEST, height));
      // a bar at the bottom when something is too wide takes its own height
      const bar = root.scrollWidth > root.clientWidth ? 16 : 0;
      const wanted = `${needed + bar}px`;
      if (frame.style.blockSize !== wanted) frame.style.blockSize = wanted;
      frame.classList.add("is-measured");
    };
    observer = new ResizeObserver(measure);
    observer.observe(inside.body);
    inside.addEventListener("load", measure, true); // images
    inside.addEventListener("keydown", (event) => {
      if (event.target instanceof inside.defaultView.HTMLElement && event.key === "Tab") return;
      const copy = new KeyboardEvent("keydown", { key: event.key, code: event.code, shiftKey: event.shiftKey, ctrlKey: event.ctrlKey, metaKey: event.metaKey, altKey: event.altKey, bubbles: true, cancelable: true });
      if (!document.body.dispatchEvent(copy)) event.preventDefault();
    });
    measure();
  };
  frame.addEventListener("load", begin);
  begin();
}

/** @param {(frame: HTMLIFrameElement) => void} does */
function eachFrame(does) {
  document.querySelectorAll("iframe[data-message-frame]").forEach((frame) => {
    if (frame instanceof HTMLIFrameElement) does(frame);
  });
}

export function followFrames() {
  eachFrame(follow);
}

new MutationObserver(() => eachFrame((frame) => { if (frame.contentDocument) wearTheme(frame.contentDocument); }))
  .observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
});
