// The last events, newest first: filtered by the monitor, read on by its cursor, renewed as the stream tells of more.

import { get } from "./api.js";
import { Controls } from "./controls.js";
import { clipped, el, foreign, moment, put } from "./dom.js";
import { clock } from "./format.js";
import { t, word } from "./i18n.js";
import { Section } from "./section.js";

const LINES = 15;
const KINDS = { job: ["job.*", "deletion.*"], flavor: ["flavor.*"], usage: ["usage.*", "budget.*"], account: ["account.*", "provider.*", "poll.*", "quota.*"], other: ["rule.*", "template.*", "sink.*", "delivery.*", "notification.*", "silence.*", "cleanup.*", "store.*", "config.*", "monitor.*"] };
const GLYPHS = { info: "·", warning: "▲", critical: "■" };

export class Activity {
  constructor() {
    this.controls = new Controls("events", () => this.chosen());
    this.controls.offer("type", () => Object.keys(KINDS).map((kind) => [kind, t(`kind.${kind}`)]));
    this.controls.offer("severity", () => Object.keys(GLYPHS).map((one) => [one, word("severity", one)]));
    this.section = new Section("events", { read: () => this.read(), show: () => this.draw(), gap: 1000 });
  }

  query() {
    const kind = this.controls.value("type");
    return { type: KINDS[kind] ?? [], severity: this.controls.value("severity"), search: this.controls.value("search"), limit: LINES };
  }

  async read() {
    const asked = JSON.stringify(this.query());
    const page = await get("/events", this.query());
    const kept = this.asked === asked ? this.section.data?.items ?? [] : [];
    this.asked = asked;
    const fresh = new Set(page.items.map((item) => item.seq));
    const least = Math.min(...fresh);
    const older = kept.filter((item) => !fresh.has(item.seq) && item.seq < least);
    return { items: [...page.items, ...older], next: older.length ? this.section.data.next : page.next };
  }

  heard() {
    this.section.refresh();
  }

  chosen() {
    this.section.refresh();
  }

  draw() {
    const { items, next } = this.section.data;
    const held = document.activeElement?.closest?.("#events .more");
    if (!items.length) {
      put(this.section.body, el("p", { class: "empty" }, t(this.controls.any ? "events.nofit" : "events.none")));
      return;
    }
    put(this.section.body, el("ol", { class: "lines" }, items.map(line)), next && el("button", { type: "button", class: "more", onclick: () => this.further() }, t("more")));
    if (held) this.section.body.querySelector(".more")?.focus({ preventScroll: true });
  }

  async further() {
    try {
      const page = await get("/events", { ...this.query(), cursor: this.section.data.next });
      this.section.data = { items: [...this.section.data.items, ...page.items], next: page.next };
      this.draw();
    } catch (error) {
      this.section.settle(error);
    }
  }
}

function line(event) {
  const marks = [event.late && t("late"), event.quiet && t("quiet")].filter(Boolean);
  return el(
    "li",
    { class: `sev-${event.severity}`, "data-seq": event.seq },
    moment(event.time, clock(event.time)),
    el("span", { class: "glyph", role: "img", "aria-label": word("severity", event.severity), title: word("severity", event.severity) }, GLYPHS[event.severity] ?? "·"),
    el("div", {}, el("p", { lang: "en", dir: "auto" }, clipped(event.title, 300)), el("p", { class: "muted" }, el("code", {}, event.type), event.account && [" · ", foreign(event.account)], marks.map((mark) => el("span", { class: "mark" }, mark)))),
  );
}
