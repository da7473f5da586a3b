// @ts-check
// Keeps one event stream per browser and mailbox, and tells the page which folders changed.
//
// The page carries the state pill, whose words come from its attributes:
//   <p class="live-pill" role="status" data-push="/push/12/" data-push-poll="90"
//      data-live="…" data-reconnecting="…" data-offline="…"><span class="dot"></span><span data-push-word></span></p>
// On document:
//   hopthu:folder  detail {folder, kind, uidLow, uidHigh}   that folder changed; folder is its id in URLs
//   hopthu:resync  detail {reason}                          anything may have changed: look at everything shown
//   hopthu:push    detail {state}                           live, reconnecting, offline

/** @typedef {"live" | "reconnecting" | "offline"} State */
/** @typedef {{folder: string, kind: string, uidLow: number, uidHigh: number}} Change */
/** @typedef {{type: "folder", change: Change} | {type: "resync", reason: string} | {type: "state", state: State} | {type: "ask"}} Note */

const TONES = { live: "tone-success", reconnecting: "tone-warning", offline: "tone-danger" };
const FAILURES_BEFORE_OFFLINE = 3;
const SHORT_POLL_SECONDS = 20; // while events do not come
const LONGEST_PAUSE_SECONDS = 60;
const TAKEOVER_SECONDS = 3;
const JITTER_SECONDS = 2; // so that a thousand browsers do not ask in the same moment

class Push {
  /** @param {string} url @param {number} pollSeconds */
  constructor(url, pollSeconds) {
    this.url = url;
    this.pollSeconds = pollSeconds;
    /** @type {State} */
    this.state = "reconnecting";
    this.startedAt = Date.now();
    this.lookedAt = Date.now();
    this.failures = 0;
    this.wasOpen = false;
    this.ended = new AbortController();
    /** @type {EventSource | null} */
    this.source = null;
    /** @type {BroadcastChannel | null} */
    this.channel = null;
    this.retry = 0;
    this.poll = 0;
  }

  start() {
    this.show(navigator.onLine ? "reconnecting" : "offline");
    this.poll = window.setInterval(() => this.lookIfDue(), 5000);
    if (!("locks" in navigator)) {
      this.lead();
      return;
    }
    const name = `hopthu-push ${this.url}`;
    this.channel = new BroadcastChannel(name);
    this.channel.addEventListener("message", (event) => this.hear(event.data));
    this.channel.postMessage({ type: "ask" });
    const { signal } = this.ended;
    const term = new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    // Whoever holds the lock keeps the stream; when that tab goes, the next in line takes over.
    navigator.locks
      .request(name, { signal }, () => {
        this.lead();
        return term;
      })
      .catch(() => {}); // aborted: the page goes
  }

  stop() {
    this.ended.abort();
    window.clearInterval(this.poll);
    window.clearTimeout(this.retry);
    this.source?.close();
    this.source = null;
    this.channel?.close();
    this.channel = null;
  }

  // ---- the tab that keeps the stream

  lead() {
    const { signal } = this.ended;
    if (signal.aborted) return;
    // A tab that takes over from another has missed what came in between.
    this.wasOpen = Date.now() - this.startedAt > TAKEOVER_SECONDS * 1000;
    this.connect();
    window.addEventListener("online", () => this.reconnect(0), { signal });
    const offline = () => this.tell({ type: "state", state: "offline" });
    window.addEventListener("offline", offline, { signal });
  }

  connect() {
    // the server tells by a resync what changed since this page was asked for
    const source = new EventSource(`${this.url}?age=${Math.round(performance.now())}`);
    this.source = source;
    source.addEventListener("live", () => this.opened("live"));
    source.addEventListener("degraded", () => this.opened("reconnecting"));
    source.addEventListener("folder", (event) => {
      const data = JSON.parse(event.data);
      const change = {
        folder: data.folder,
        kind: data.kind,
        uidLow: data.uid_low,
        uidHigh: data.uid_high,
      };
      this.tell({ type: "folder", change });
    });
    source.addEventListener("resync", () => this.tell({ type: "resync", reason: "lost" }));
    source.addEventListener("closed", () => {
      this.tell({ type: "resync", reason: "closed" });
      this.failed(true);
    });
    source.addEventListener("error", () => this.failed(source.readyState === EventSource.CLOSED));
  }

  /** @param {State} state */
  opened(state) {
    this.failures = 0;
    this.tell({ type: "state", state });
    if (this.wasOpen) this.tell({ type: "resync", reason: "reconnected" });
    this.wasOpen = true;
  }

  /** @param {boolean} isOver the browser itself does not try again */
  failed(isOver) {
    this.failures += 1;
    const isOffline = isOver || !navigator.onLine || this.failures >= FAILURES_BEFORE_OFFLINE;
    this.tell({ type: "state", state: isOffline ? "offline" : "reconnecting" });
    if (isOver) this.reconnect(Math.min(LONGEST_PAUSE_SECONDS, 2 ** this.failures));
  }

  /** @param {number} seconds */
  reconnect(seconds) {
    this.source?.close();
    window.clearTimeout(this.retry);
    this.retry = window.setTimeout(() => this.connect(), seconds * 1000);
  }

  // ---- every tab

  /** @param {Note} note */
  tell(note) {
    this.channel?.postMessage(note);
    this.hear(note);
  }

  /** @param {Note} note */
  hear(note) {
    if (note.type === "ask") {
      if (this.source) this.channel?.postMessage({ type: "state", state: this.state });
    } else if (note.type === "state") {
      this.show(note.state);
    } else if (note.type === "folder") {
      document.dispatchEvent(new CustomEvent("hopthu:folder", { detail: note.change }));
    } else {
      this.resync(note.reason);
    }
  }

  /** @param {string} reason */
  resync(reason) {
    this.lookedAt = Date.now();
    const wait = reason === "lost" ? Math.random() * JITTER_SECONDS * 1000 : 0;
    window.setTimeout(() => {
      document.dispatchEvent(new CustomEvent("hopthu:resync", { detail: { reason } }));
    }, wait);
  }

  /** The net under the events: a look from time to time, more often while none can come. */
  lookIfDue() {
    if (document.visibilityState !== "visible" || !navigator.onLine) return;
    const seconds = this.state === "live" ? this.pollSeconds : SHORT_POLL_SECONDS;
    if (Date.now() - this.lookedAt >= seconds * 1000) this.resync("poll");
  }

  /** @param {State} state */
  show(state) {
    this.state = state;
    paint(state);
    document.dispatchEvent(new CustomEvent("hopthu:push", { detail: { state } }));
  }
}

/** @param {State} state */
function paint(state) {
  for (const pill of document.querySelectorAll("[data-push]")) {
    if (!(pill instanceof HTMLElement)) continue;
    pill.classList.remove(...Object.values(TONES));
    pill.classList.add(TONES[state]);
    pill.dataset.pushState = state;
    const word = pill.querySelector("[data-push-word]");
    const text = pill.dataset[state] ?? "";
    if (word && word.textContent !== text) word.textContent = text;
  }
}

/** @type {Push | null} */
let push = null;

function begin() {
  const pill = document.querySelector("[data-push]");
  if (!(pill instanceof HTMLElement) || !pill.dataset.push) return;
  push = new Push(pill.dataset.push, Number(pill.dataset.pushPoll) || 90);
  push.start();
}

begin();
document.addEventListener("htmx:afterSettle", () => push && paint(push.state));
document.addEventListener("visibilitychange", () => push?.lookIfDue());
window.addEventListener("pagehide", () => push?.stop());
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return; // back from the browser's own cache: everything may be old
  begin();
  push?.resync("shown");
});
