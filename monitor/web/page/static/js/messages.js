// The last messages with their deliveries: what was said, to whom, whether it arrived; what is dead may be tried again,
// what asks for an answer acknowledged. Above them what silences hide.

import { all, get, post } from "./api.js";
import { Controls } from "./controls.js";
import { clipped, el, foreign, moment, put } from "./dom.js";
import { clock, number, time } from "./format.js";
import { t, word } from "./i18n.js";
import { Section } from "./section.js";
import { Silences, signedIn } from "./silences.js";

const LINES = 12;
const SILENCES = 50;
const ACTED = { retry: new Set(["dead", "refused", "pending", "dropped"]), drop: new Set(["dead", "refused", "pending"]) };
const GLYPHS = { pending: "…", sending: "➜", delivered: "✓", refused: "✕", dead: "✕", dropped: "⊘", collapsed: "∑" };

export class Messages {
  constructor() {
    this.sinks = [];
    this.refusals = new Map();
    this.controls = new Controls("messages", () => this.section.refresh());
    this.controls.offer("sink", () => this.sinks.map((name) => [name, name]));
    this.controls.offer("severity", () => ["info", "warning", "critical"].map((one) => [one, word("severity", one)]));
    this.silences = new Silences({ refusals: this.refusals, end: (one, button) => this.change(`/silences/${one.id}/end`, one.id, button), draw: () => this.draw() });
    this.section = new Section("messages", { read: () => this.read(), show: () => this.draw(), gap: 2000, every: 15_000 });
  }

  query() {
    const [sink, severity, search] = ["sink", "severity", "search"].map((name) => this.controls.value(name));
    return { sink, severity, search, limit: LINES };
  }

  async read() {
    const asked = JSON.stringify(this.query());
    const [page, sinks, silences] = await Promise.all([get("/notifications", this.query()), all("/sinks", {}, 500), get("/silences", { state: "active", limit: SILENCES })]);
    const kept = this.asked === asked ? this.section.data?.items ?? [] : [];
    this.asked = asked;
    this.sinks = sinks.map((sink) => sink.name);
    this.controls.offer("sink", () => this.sinks.map((name) => [name, name]));
    const least = Math.min(...page.items.map((item) => item.n));
    const older = kept.filter((item) => item.n < least);
    return { items: [...page.items, ...older], next: older.length ? this.section.data.next : page.next, silences: silences.items };
  }

  /** Deliveries make no event of their own; most are settled within seconds of what they tell. */
  heard() {
    this.section.refresh();
    clearTimeout(this.later);
    this.later = setTimeout(() => this.section.refresh(), 4000);
  }

  about(job) {
    for (const name of ["sink", "severity"]) this.controls.set(name, "");
    this.controls.set("search", job.id);
    this.section.refresh();
    this.section.node.scrollIntoView();
    this.controls.form.elements.search.focus({ preventScroll: true });
  }

  draw() {
    const { items, next } = this.section.data;
    const hidden = this.silences.list(this.section.data.silences);
    const body = this.section.body;
    const at = document.activeElement;
    const held = at?.closest?.("#messages [data-key]")?.dataset.key ?? (at === document.body ? this.left : null);
    const open = new Set([...body.querySelectorAll(".lines details[open]")].map((node) => node.dataset.id));
    if (!items.length) put(body, hidden, el("p", { class: "empty" }, t(this.controls.any ? "messages.nofit" : "messages.none")));
    else put(body, hidden, el("ol", { class: "lines" }, items.map((item) => this.line(item, open.has(item.id)))), next && el("button", { type: "button", class: "more", "data-key": "more", onclick: () => this.further() }, t("more")));
    if (!held) return;
    const there = body.querySelector(`[data-key="${CSS.escape(held)}"]`);
    (there ?? this.section.node.querySelector("h2")).focus({ preventScroll: true });
    if (!there) this.left = null;
  }

  async further() {
    try {
      const page = await get("/notifications", { ...this.query(), cursor: this.section.data.next });
      this.section.data = { ...this.section.data, items: [...this.section.data.items, ...page.items], next: page.next };
      this.draw();
    } catch (error) {
      this.section.settle(error);
    }
  }

  line(item, open) {
    const what = [t("rule", { rule: clipped(item.rule, 60) }), item.reason === "new" ? null : item.reason, this.answer(item.answer)].filter(Boolean).join(" · ");
    return el(
      "li",
      { class: `sev-${item.severity}` },
      moment(item.created_at, clock(item.created_at)),
      el("div", {}, el("details", { "data-id": item.id, open }, el("summary", { "data-key": `s ${item.id}`, dir: "auto" }, el("span", { lang: "en" }, clipped(item.title, 300))), el("p", { class: "text", lang: "en", dir: "auto" }, clipped(item.body, 4000))), el("p", { class: "muted" }, el("bdi", {}, what), this.answering(item)), this.deliveries(item)),
    );
  }

  answer(answer) {
    if (!answer || answer.state === "over") return null;
    return t(`answer.${answer.state}`, { by: clipped(answer.by ?? "", 80), until: answer.until ? time(answer.until) : "" });
  }

  answering(item) {
    if (!item.answer || item.answer.state === "acknowledged" || item.answer.state === "over" || !signedIn()) return null;
    const label = t("ack.label", { title: clipped(item.title, 120) });
    const click = (event) => this.change(`/notifications/${encodeURIComponent(item.id)}/ack`, item.id, event.currentTarget);
    return [" ", el("button", { type: "button", class: "small", "data-key": `ack ${item.id}`, "aria-label": label, onclick: click }, t("ack")), this.refusals.has(item.id) && el("span", { class: "reason" }, ` ${this.refusals.get(item.id)}`)];
  }

  deliveries(item) {
    if (!item.deliveries.length) return el("p", { class: "muted" }, t(item.shadow ? "to.trial" : "to.nobody"));
    return el("ul", { class: "deliveries", "aria-label": t("deliveries") }, item.deliveries.map((one) => this.delivery(one)));
  }

  delivery(one) {
    const facts = [one.attempt > 1 ? t("attempts", { n: number(one.attempt) }) : null, one.next_at && one.state === "pending" ? t("next.at", { time: time(one.next_at) }) : null];
    const told = one.detail && one.state !== "delivered" ? clipped(one.detail, 200) : null;
    const act = (way) => ACTED[way].has(one.state) && el("button", { type: "button", class: "small", "data-key": `${way} ${one.id}`, "aria-label": t(`${way}.label`, { sink: clipped(one.sink, 60) }), onclick: (event) => this.change(`/deliveries/${encodeURIComponent(one.id)}/${way}`, one.id, event.currentTarget) }, t(way));
    return el(
      "li",
      {},
      el("span", { class: `state d-${one.state}`, title: one.settled_at && time(one.settled_at) }, el("span", { "aria-hidden": "true" }, `${GLYPHS[one.state] ?? "?"} `), word("delivery", one.state)),
      " ",
      foreign(one.sink),
      facts.filter(Boolean).map((text) => el("span", { class: "muted" }, ` · ${text}`)),
      told && el("span", { class: "reason", dir: "auto" }, told),
      act("retry"),
      act("drop"),
      this.refusals.has(one.id) && el("p", { class: "reason" }, this.refusals.get(one.id)),
    );
  }

  /** Asks for a change of what `id` names, and tells what came of it. */
  async change(path, id, button) {
    const said = document.getElementById("said");
    if (document.activeElement === button) this.left = button.dataset.key; // a button that may not be pressed loses it
    button.disabled = true;
    put(said);
    try {
      await post(path);
      this.refusals.delete(id);
      put(said, t("done"));
      this.section.refresh();
    } catch (error) {
      const why = t("refused", { why: error.status === 0 ? t("down") : error.text });
      this.refusals.set(id, why);
      put(said, why);
      button.disabled = false;
      button.focus();
      this.draw();
    }
  }
}
