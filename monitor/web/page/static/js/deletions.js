// Deletions: what was asked to be deleted, by whom and how far it is; and the clean-up policies, what each would do, and
// why one stands still.

import { all, get } from "./api.js";
import { askedBy } from "./asker.js";
import { now } from "./clock.js";
import { clipped, el, foreign, moment, refill } from "./dom.js";
import { clock, number, time } from "./format.js";
import { t, word } from "./i18n.js";
import { openJob } from "./job.js";
import { Section } from "./section.js";

const LINES = 8;
const OPEN = 200;
const QUIET = 60_000;
const BUSY = 5000;
/** Milliseconds between two looks: while something is under way it moves on without an event. */
const PLANNED = 300_000;
const TIMES = 20;
const LEAST = 1000;
const LONGEST = 30_000;
/** A plan costs the monitor a look at every job: it is asked for after news, not before it has rested so many times as
 * long as the last one took, within these bounds; and else every five minutes. */
const GLYPHS = { requested: "…", archived: "…", sent: "➜", accepted: "➜", deleted: "✓", refused: "✕", failed: "✕" };
const POLICIES = { off: "⊘", active: "✓", stopped: "✕" };
const NEWS = /^(deletion|cleanup|config)\.|^job\.(deleted|gone)$/;

export class Deletions {
  /** `more(job)` is asked when somebody wants the messages of a job; `planned` gets each new plan, without the jobs that stay. */
  constructor(more, planned) {
    this.more = more;
    this.planned = planned;
    this.most = LINES;
    this.plan = null;
    this.stale = true;
    this.rested = 0;
    this.section = new Section("deletions", { read: () => this.read(), show: (data) => this.draw(data), worth: ({ items, policies }) => items.length + policies.length > 0, gap: 1000, every: QUIET });
  }

  async read() {
    const [page, { policies }] = await Promise.all([get("/deletions", { limit: this.most }), this.look()]);
    const open = page.next ? await all("/deletions", { open: true }, OPEN) : page.items.filter(under);
    this.section.every = this.stale ? Math.max(LEAST, this.rested - performance.now()) : open.length ? BUSY : QUIET;
    const shown = new Set(open.map((one) => one.id));
    return { policies, items: [...open, ...page.items.filter((one) => !shown.has(one.id))], next: page.next };
  }

  async look() {
    const begun = performance.now();
    if (begun < this.rested || (!this.stale && begun - this.at < PLANNED)) return this.plan;
    this.stale = false;
    try {
      this.plan = await get("/cleanup", { stays: false });
    } catch (error) {
      this.stale = true;
      throw error;
    }
    this.at = performance.now();
    this.rested = this.at + Math.min(LONGEST, Math.max(LEAST, TIMES * (this.at - begun)));
    this.planned(this.plan);
    return this.plan;
  }

  heard(event) {
    if (!NEWS.test(event.type)) return;
    this.stale = true;
    this.section.refresh();
  }

  draw({ policies, items, next }) {
    const more = () => {
      this.most = Math.min(1000, this.most * 4);
      this.section.refresh();
    };
    const further = next && this.most < 1000 && el("button", { type: "button", class: "more", "data-key": "more", onclick: more }, t("more"));
    refill(
      this.section.body,
      el(
        "div",
        { class: "tidying" },
        policies.length > 0 && el("div", {}, el("h3", {}, t("policies")), el("ul", { class: "lines policies" }, policies.map(policy))),
        items.length > 0 && el("div", {}, el("h3", {}, t("asked.for")), el("ol", { class: "lines" }, items.map((one) => this.line(one))), further),
      ),
    );
  }

  line(one) {
    const job = { account: one.account, id: one.job, name: one.name || one.job };
    const facts = [t("asked.by", { who: askedBy(one.asked_by) }), one.tries > 1 && t("tries", { n: number(one.tries) }), one.settled_at && t("settled", { time: clock(one.settled_at) })];
    const bad = one.state === "refused" || one.state === "failed";
    return el(
      "li",
      {},
      moment(one.requested_at, clock(one.requested_at)),
      el(
        "div",
        {},
        el("div", { class: "row start" }, el("span", { class: `state a-${one.state}` }, el("span", { "aria-hidden": "true" }, `${GLYPHS[one.state] ?? "?"} `), word("phase", one.state)), el("button", { type: "button", class: "link", "data-key": `deletion ${one.id}`, onclick: () => openJob(job, this.more) }, foreign(job.name, { title: job.id }))),
        el("p", { class: "muted" }, foreign(one.account), facts.filter(Boolean).map((text) => [" · ", el("bdi", {}, text)])),
        one.reason && el("p", { class: bad ? "reason" : "muted", lang: "en", dir: "auto" }, clipped(one.reason, 400)),
      ),
    );
  }
}

function under(one) {
  return one.settled_at === null;
}

function policy(one) {
  const facts = [t(one.state === "active" ? "policy.goes" : "policy.would", { n: number(one.goes), stays: number(one.stays) })];
  if (one.ran_at) facts.push(t("policy.ran", { time: time(one.ran_at) }));
  if (one.next_at) facts.push(Date.parse(one.next_at) <= now() ? t("policy.due") : t("policy.next", { time: time(one.next_at) }));
  return el(
    "li",
    {},
    el(
      "div",
      {},
      el("div", { class: "row start" }, el("span", { class: `state is-${one.state}` }, el("span", { "aria-hidden": "true" }, `${POLICIES[one.state] ?? "?"} `), word("policy", one.state)), el("strong", {}, foreign(one.name)), one.stopped_at && el("span", { class: "muted" }, moment(one.stopped_at, t("since", { time: time(one.stopped_at) })))),
      el("p", { class: "muted" }, facts.join(" · ")),
      one.reason && el("p", { class: "reason", lang: "en", dir: "auto" }, clipped(one.reason, 600)),
    ),
  );
}
