// What is hidden at the moment: by whom, until when, why, and what that is. Who is signed in may end it here.

import { get } from "./api.js";
import { clipped, el, foreign, moment } from "./dom.js";
import { number, time } from "./format.js";
import { t } from "./i18n.js";

/** Whether this page's person has a session: only then may anything be changed. */
export function signedIn() {
  return document.querySelector('form[action="/sign-out"]')?.hidden === false;
}

export class Silences {
  /** `end(silence, button)` is called for who wants one to end, `draw()` when there is something new to show. */
  constructor({ refusals, end, draw }) {
    this.refusals = refusals;
    this.end = end;
    this.draw = draw;
    this.open = new Set();
    this.read = new Map();
  }

  /** The list; null where nothing is hidden. */
  list(items) {
    if (!items.length) return null;
    return el("ul", { class: "silences", "aria-label": t("silences") }, items.map((one) => this.line(one)));
  }

  line(one) {
    const owner = clipped(one.owner, 60);
    return el(
      "li",
      {},
      el("span", { "aria-hidden": "true" }, "⊘ "),
      el("bdi", {}, t("silence.by", { owner })),
      " ",
      moment(one.ends_at, time(one.ends_at)),
      " · ",
      foreign(one.comment),
      signedIn() && el("button", { type: "button", class: "small", "data-key": `end ${one.id}`, "aria-label": t("silence.end.label", { owner }), onclick: (event) => this.end(one, event.currentTarget) }, t("silence.end")),
      el("code", { dir: "ltr" }, clipped(one.match, 200)),
      this.hid(one),
      this.refusals.has(one.id) && el("p", { class: "reason" }, this.refusals.get(one.id)),
    );
  }

  hid(one) {
    if (!one.hidden) return el("p", { class: "muted" }, t("silence.nothing"));
    const open = this.open.has(one.id);
    if (open) this.look(one);
    const toggled = (event) => {
      if (event.currentTarget.open === this.open.has(one.id)) return;
      if (this.read.get(one.id)?.error) this.read.delete(one.id);
      if (event.currentTarget.open) this.open.add(one.id);
      else this.open.delete(one.id);
      this.draw();
    };
    const said = t(one.hidden === 1 ? "silence.hid.one" : "silence.hid", { n: number(one.hidden) });
    return el("details", { open, ontoggle: toggled }, el("summary", { "data-key": `hid ${one.id}` }, said), open && this.things(this.read.get(one.id)));
  }

  /** Reads what it hid, again only where that has become more. */
  async look(one) {
    const known = this.read.get(one.id);
    if (known?.of === one.hidden) return;
    this.read.set(one.id, { ...known, of: one.hidden });
    try {
      const { events, things } = await get(`/silences/${encodeURIComponent(one.id)}`);
      this.read.set(one.id, { of: one.hidden, events, things });
    } catch (error) {
      this.read.set(one.id, { of: one.hidden, error: t("silence.unread", { why: error.status === 0 ? t("down") : error.text }) });
    }
    if (this.open.has(one.id)) this.draw();
  }

  things(known) {
    if (known?.error) return el("p", { class: "reason" }, known.error);
    if (!known?.events) return el("p", { class: "muted" }, t("loading"));
    const more = known.things - known.events.length;
    return [el("ul", { class: "kept" }, known.events.map((each) => this.thing(each))), more > 0 && el("p", { class: "muted" }, t("silence.more", { n: number(more) }))];
  }

  thing(each) {
    const besides = [each.earlier && t("silence.earlier", { n: number(each.earlier) }), each.reminders && t("silence.reminders", { n: number(each.reminders) })];
    const whose = [t("rule", { rule: clipped(each.rules.join(", "), 80) }), clipped(each.sinks.join(", "), 80)];
    return el("li", {}, moment(each.at, time(each.at)), " ", el("bdi", { lang: "en" }, clipped(each.title, 200)), el("span", { class: "muted" }, " · ", el("bdi", {}, [...besides, ...whose].filter(Boolean).join(" · "))));
  }
}
