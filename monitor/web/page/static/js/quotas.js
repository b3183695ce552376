// Quotas: how many jobs each account has of how many it may have, and what cleaning up would free.

import { all } from "./api.js";
import { clipped, el, foreign, moment, refill } from "./dom.js";
import { number, time } from "./format.js";
import { t } from "./i18n.js";
import { marked, meter, percents, tone } from "./meter.js";
import { Section } from "./section.js";

const MOST = 500;
const MARKS = [80, 95];

export class Quotas {
  constructor() {
    this.plan = null;
    this.section = new Section("quotas", { read: () => this.read(), show: (items) => this.draw(items), worth: (items) => items.length > 0, gap: 2000, every: 60_000 });
  }

  /** Those whose cap is known. */
  async read() {
    return (await all("/quotas", {}, MOST)).filter((one) => one.cap !== null);
  }

  heard(event) {
    if (/^(quota|config)\.|^job\.(submitted|finished|gone|deleted)$/.test(event.type)) this.section.refresh();
  }

  /** What the clean-up policies would do now. */
  planned(plan) {
    this.plan = plan;
    if (this.section.data) this.section.draw();
  }

  draw(items) {
    refill(this.section.body, el("ul", { class: "cards" }, items.map((one) => this.card(one))));
  }

  card(one) {
    const said = t("used.of", { used: number(one.used), whole: t("amount.jobs", { n: number(one.cap) }) });
    return el(
      "li",
      { class: `card ${tone(one.free ? one.reached : 100)}` },
      el("div", { class: "row" }, el("h3", {}, foreign(one.account)), el("span", { class: "muted" }, moment(one.seen_at, t("as.of", { time: time(one.seen_at) })))),
      meter(one.share, MARKS, one.free ? one.reached : 100, `${percents(one.share)}: ${said}`),
      el("p", {}, el("strong", {}, percents(one.share)), ` · ${said} · ${t("left", { n: number(one.free) })}`),
      marked(MARKS, one.reached),
      this.freed(one.account),
    );
  }

  freed(account) {
    if (!this.plan?.policies.length) return null;
    const counts = new Map();
    for (const job of this.plan.jobs) if (job.account === account) counts.set(job.policy, (counts.get(job.policy) ?? 0) + 1);
    if (!counts.size) return el("p", { class: "muted" }, t("frees.none"));
    const states = new Map(this.plan.policies.map((policy) => [policy.name, policy.state]));
    const named = [...counts.entries()].map(([name, count]) => `${clipped(name, 60)} ${number(count)}${states.get(name) === "active" ? "" : ` (${t(`policy.${states.get(name)}`)})`}`);
    const sum = [...counts.values()].reduce((all, count) => all + count, 0);
    return el("p", {}, el("bdi", {}, t("frees", { n: number(sum), which: named.join(", ") })));
  }
}
