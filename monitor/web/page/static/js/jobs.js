// Jobs as a timeline: a real table with a bar in each row, filters, pages of rows, a word on hover and focus.

import { now } from "./clock.js";
import { Controls } from "./controls.js";
import { clipped, el, foreign, hidden, put } from "./dom.js";
import { duration, number, time } from "./format.js";
import { t, word } from "./i18n.js";
import { openJob } from "./job.js";
import { JobList, MOST } from "./joblist.js";
import { Section } from "./section.js";
import { axis, bar, busy, load, ticks } from "./timeline.js";

const DAY = 86_400_000;
const USUAL = 7;
/** Days that are read and shown, where nobody chose. */
const SHORT = ["1h", "6h", "1"];
/** The ranges below that, the shortest first. */
const ROWS = 20;
const GLYPHS = { pending: "…", queued: "≡", running: "▶", stopping: "◧", succeeded: "✓", failed: "✕", canceled: "⊘", unknown: "?" };
const STATES = ["active", "pending", "queued", "running", "stopping", "succeeded", "failed", "canceled", "unknown"];

export class Jobs {
  /** `more(job)` is asked when somebody wants the messages of a job. */
  constructor(more) {
    this.more = more;
    this.list = new JobList();
    this.page = 0;
    this.owners = "";
    this.picked = false;
    this.controls = new Controls("jobs", (name) => this.chosen(name));
    this.controls.offer("account", () => []);
    this.controls.offer("state", () => STATES.map((state) => [state, word("job", state)]));
    this.controls.offer("owner", () => this.list.owners.map((owner) => [owner, owner]));
    this.section = new Section("jobs", { read: () => this.read(), show: () => this.draw(), gap: 1000, every: 60_000 });
    this.tip = document.getElementById("tip");
    this.narrow = matchMedia("(max-width: 700px)");
    this.narrow.addEventListener("change", () => this.section.data && this.draw());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.hideTip());
  }

  get days() {
    return daysOf(this.controls.value("range"));
  }

  /** Until somebody chooses: the shortest range that leaves out no job of the usual one, or a job of minutes is a dot. */
  fit() {
    if (this.picked || this.list.jobs.size === 0) return;
    const end = now();
    const shown = this.list.fitting({ search: "" }, end - USUAL * DAY, end);
    const first = shown.reduce((least, job) => Math.min(least, job.from), end);
    this.controls.set("range", (shown.length && SHORT.find((range) => first >= end - daysOf(range) * DAY)) || String(USUAL));
  }

  async read() {
    await this.list.read(Math.max(this.days, USUAL), () => {
      this.section.data ??= this.list;
      this.section.node.removeAttribute("aria-busy");
      this.section.draw();
    });
    this.fit();
    return this.list;
  }

  heard(event) {
    if (!event.subject?.startsWith("job/")) return;
    this.list.touch(event.account ?? event.data?.account?.name, event.subject.slice(4));
    this.section.refresh();
  }

  again() {
    this.list.whole = true;
    this.section.refresh();
  }

  accounts(names) {
    this.controls.offer("account", () => names.map((name) => [name, name]));
  }

  chosen(name) {
    this.page = 0;
    this.picked ||= name === "range";
    if (this.section.data) this.draw();
    if (name === "range") this.again();
  }

  draw() {
    const end = now();
    const begin = end - this.days * DAY;
    const owners = this.list.owners.join("\n");
    if (owners !== this.owners) this.controls.offer("owner", () => this.list.owners.map((owner) => [owner, owner]));
    this.owners = owners;
    const asked = Object.fromEntries(["account", "state", "owner", "search"].map((name) => [name, this.controls.value(name)]));
    const found = this.list.fitting(asked, begin, end);
    this.page = Math.min(this.page, Math.max(0, Math.ceil(found.length / ROWS) - 1));
    this.hideTip();
    const held = document.activeElement?.closest?.("#jobs [data-key]")?.dataset.key;
    put(this.section.body, ...(found.length ? this.drawn(found, begin, end) : [this.nothing()]));
    if (held) this.section.body.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  nothing() {
    return el("p", { class: "empty" }, t(this.list.jobs.size || this.controls.any ? "jobs.nofit" : "jobs.none"));
  }

  drawn(found, begin, end) {
    const shown = found.slice(this.page * ROWS, (this.page + 1) * ROWS);
    const marks = ticks(begin, end, this.narrow.matches);
    const most = load(found, begin, end);
    const label = t("busy.label", {
      range: t(`range.${this.controls.value("range")}`),
      running: number(Math.max(...most.running)),
      waiting: number(Math.max(...most.waiting)),
    });
    return [
      el("figure", { class: "busyness" }, el("figcaption", {}, el("span", { class: "key k-running" }, t("busy.running")), el("span", { class: "key k-queued" }, t("busy.waiting")), el("span", { class: "muted" }, label)), busy(most, label)),
      this.table(shown, begin, end, marks),
      this.pager(found.length),
      this.list.full && el("p", { class: "muted" }, t("jobs.most", { n: number(MOST) })),
    ];
  }

  table(shown, begin, end, marks) {
    const head = ["state", "job", "account", "owner", "duration"].map((key) => el("th", { scope: "col", role: "columnheader", class: `c-${key}` }, t(key)));
    const last = el("th", { scope: "col", role: "columnheader", class: "c-bar" }, hidden(t("timeline")), axis(marks, begin, end));
    return el(
      "table",
      { class: "timeline", role: "table" },
      el("caption", { class: "unseen" }, t("jobs.caption")),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head, last)),
      el("tbody", { role: "rowgroup" }, shown.map((job) => this.row(job, begin, end, marks))),
    );
  }

  row(job, begin, end, marks) {
    const told = said(job);
    const name = el(
      "button",
      { type: "button", class: "link", "data-key": `${job.account}|${job.id}`, onclick: () => openJob(job, this.more), onfocus: (event) => this.showTip(event.currentTarget, job, told), onblur: () => this.hideTip() },
      job.left ? el("s", {}, foreign(job.name, { title: job.id })) : foreign(job.name, { title: job.id }),
      job.left && hidden(` (${t(job.left)})`),
    );
    const cell = (kind, ...content) => el("td", { role: "cell", class: `c-${kind}` }, content);
    return el(
      "tr",
      { role: "row", onpointerenter: (event) => this.showTip(event.currentTarget, job, told), onpointerleave: () => this.hideTip() },
      cell("state", el("span", { class: `state st-${job.state}` }, el("span", { "aria-hidden": "true" }, GLYPHS[job.state] ?? "?", " "), word("job", job.state))),
      el("th", { scope: "row", role: "rowheader", class: "c-job" }, name),
      cell("account", foreign(job.account)),
      cell("owner", job.owner ? foreign(job.owner) : "–"),
      cell("duration", duration(length(job))),
      cell("bar", bar(job, begin, end, marks, told)),
    );
  }

  pager(count) {
    const from = this.page * ROWS + 1;
    const to = Math.min(count, (this.page + 1) * ROWS);
    const turn = (step) => {
      this.page += step;
      this.draw();
      const buttons = this.section.body.querySelectorAll(".pager button");
      (step > 0 && !buttons[1].disabled ? buttons[1] : buttons[step > 0 || buttons[0].disabled ? (buttons[0].disabled ? 1 : 0) : 0]).focus();
    };
    const button = (step, sign, key, off) => el("button", { type: "button", class: "small", disabled: off, "aria-label": t(key), onclick: () => turn(step) }, sign);
    return el(
      "nav",
      { class: "pager", "aria-label": t("pages") },
      button(-1, "‹", "previous", this.page === 0),
      el("span", {}, t("jobs.count", { from: number(from), to: number(to), n: number(count) })),
      button(1, "›", "next", to >= count),
    );
  }

  showTip(node, job, told) {
    const place = node.getBoundingClientRect();
    put(this.tip, el("strong", { dir: "auto" }, clipped(job.name, 80)), el("span", {}, [word("job", job.state), job.left && t(job.left), told].filter(Boolean).join(" · ")), job.model && el("span", {}, clipped(job.model, 80)), job.error && el("span", { dir: "auto" }, clipped(job.error, 160)));
    this.tip.hidden = false;
    const wide = document.documentElement.clientWidth;
    const left = Math.max(8, Math.min(place.left + place.width / 3, wide - this.tip.offsetWidth - 8));
    const below = place.bottom + 4 + this.tip.offsetHeight < innerHeight;
    this.tip.style.left = `${left}px`;
    this.tip.style.top = `${below ? place.bottom + 4 : place.top - this.tip.offsetHeight - 4}px`;
  }

  hideTip() {
    this.tip.hidden = true;
  }
}

function daysOf(range) {
  return range.endsWith("h") ? Number.parseInt(range, 10) / 24 : Number(range);
}

/** Seconds: how long it ran, or since when it is there. */
function length(job) {
  if (job.ran !== null && job.ran !== undefined && !job.active) return job.ran;
  return ((job.to ?? now()) - (job.started ?? job.from)) / 1000;
}

function said(job) {
  const created = time(new Date(job.from).toISOString());
  const last = job.to ?? now();
  if (job.started === null && job.active) return t("bar.open", { created, waited: duration((last - job.from) / 1000) });
  const waited = duration(job.started === null ? 0 : (job.started - job.from) / 1000);
  return t("bar.label", { created, waited, ran: duration(length(job)) });
}
