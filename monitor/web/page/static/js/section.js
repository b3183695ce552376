// One part of the page: reads, shows, says what is wrong, keeps what was known, tries again. Never two reads at once.

import { put, el } from "./dom.js";
import { onLanguage, t } from "./i18n.js";
import { time } from "./format.js";

const FIRST_RETRY = 3000;
const LAST_RETRY = 30_000;

export class Section {
  /** `read` gives data, `show` draws it; `every`: milliseconds between reads while the page is seen; `gap`: the least.
   * `worth`: whether the data is worth a place; without it the section is there always. */
  constructor(id, { read, show, worth, every = 0, gap = 1000 }) {
    this.node = document.getElementById(id);
    this.body = this.node.querySelector(".body");
    this.note = this.node.querySelector(".note");
    this.read = read;
    this.show = show;
    this.worth = worth;
    this.every = every;
    this.gap = gap;
    this.data = undefined;
    this.wanted = false;
    this.busy = false;
    this.begun = -Infinity;
    this.faults = 0;
    onLanguage(() => this.draw());
    document.addEventListener("visibilitychange", () => this.late && this.refresh());
    this.node.setAttribute("aria-busy", "true");
    put(this.note, t("loading"));
  }

  /** Soon, and once for however many ask: not before `gap` has passed since the last read began. */
  refresh() {
    if (document.hidden) {
      this.late = true;
      return;
    }
    if (this.busy || this.wanted) {
      this.wanted = true;
      return;
    }
    this.wanted = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.run(), Math.max(0, this.begun + this.gap - performance.now()));
  }

  async run() {
    if (this.busy) return;
    clearTimeout(this.timer);
    this.wanted = false;
    this.late = false;
    this.busy = true;
    this.begun = performance.now();
    try {
      this.data = await this.read();
      this.at = new Date().toISOString();
      this.faults = 0;
      this.settle(null);
    } catch (error) {
      this.faults += 1;
      this.settle(error);
    }
  }

  settle(error) {
    this.busy = false;
    this.node.removeAttribute("aria-busy");
    this.error = error;
    this.draw();
    if (this.wanted) {
      this.wanted = false;
      this.refresh();
      return;
    }
    const pause = error ? Math.min(LAST_RETRY, FIRST_RETRY * 2 ** (this.faults - 1)) : this.every;
    if (pause) this.timer = setTimeout(() => this.refresh(), pause);
  }

  draw() {
    this.node.classList.toggle("stale", Boolean(this.error));
    if (this.worth) this.appear();
    if (this.error) this.complain();
    else if (this.data !== undefined) put(this.note);
    else put(this.note, t("loading"));
    if (this.data !== undefined) this.show(this.data);
  }

  /** Nothing to show takes no place, and no link in the navigation; what could not be read says so. */
  appear() {
    const seen = this.data === undefined ? Boolean(this.error?.status) : this.worth(this.data);
    this.node.hidden = !seen;
    document.querySelector(`nav a[href="#${this.node.id}"]`).hidden = !seen;
  }

  complain() {
    const why = this.error.status === 0 ? t("down") : this.error.text || t("unreadable");
    const kept = this.data === undefined ? "" : ` ${t("kept", { time: time(this.at) })}`;
    if (!("status" in this.error)) console.error(this.error);
    const again = el("button", { type: "button", class: "small", onclick: () => this.run() }, t("retry.now"));
    put(this.note, el("span", {}, why + kept), " ", again);
  }
}
