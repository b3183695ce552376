// Budgets: what is used of each in the period that lasts, which thresholds are reached, and what it comes to.

import { all } from "./api.js";
import { clipped, el, foreign, moment, refill } from "./dom.js";
import { duration, money, number, time } from "./format.js";
import { t } from "./i18n.js";
import { marked, meter, percents, tone } from "./meter.js";
import { Section } from "./section.js";

const MOST = 500;

export class Budgets {
  constructor() {
    this.section = new Section("budgets", { read: () => all("/budgets", {}, MOST), show: (items) => refill(this.section.body, el("ul", { class: "cards" }, items.map(card))), worth: (items) => items.length > 0, gap: 2000, every: 60_000 });
  }

  heard(event) {
    if (/^(usage|budget|config)\./.test(event.type)) this.section.refresh();
  }
}

function card(one) {
  const left = Number(one.left);
  const said = t("used.of", { used: figure(one, one.used), whole: amount(one, one.amount) });
  const rest = left < 0 ? t("over.by", { n: amount(one, -left) }) : t("left", { n: amount(one, left) });
  return el(
    "li",
    { class: `card ${tone(one.reached)}` },
    el("div", { class: "row" }, el("h3", {}, foreign(one.name)), el("span", { class: "muted" }, period(one))),
    meter(one.share, one.thresholds, one.reached, `${percents(one.share)}: ${said}`),
    el("p", {}, el("strong", {}, percents(one.share)), ` · ${said} · ${rest}`),
    marked(one.thresholds, one.reached),
    one.idle ? el("p", { class: "reason" }, t("budget.idle")) : one.forecast && forecast(one),
    one.scope && el("p", { class: "muted" }, el("code", { dir: "ltr" }, clipped(one.scope, 300))),
  );
}

function period(one) {
  if (one.period === "rolling") return t("period.rolling", { span: duration((Date.parse(one.ends_at) - Date.parse(one.starts_at)) / 1000) });
  return moment(one.ends_at, t(`period.${one.period}`, { end: time(one.ends_at) }));
}

function forecast(one) {
  if (one.passes_at) return el("p", { class: "ahead" }, el("span", { "aria-hidden": "true" }, "▲ "), moment(one.passes_at, t("forecast.passes", { time: time(one.passes_at) })));
  if (one.expected === null) return el("p", { class: "muted" }, t("forecast.none"));
  return el("p", { class: "muted" }, t("forecast", { n: amount(one, one.expected) }));
}

function figure(one, value) {
  return number(Number(value), one.unit === "tokens" ? 0 : 2);
}

function amount(one, value) {
  return one.unit === "cost" ? money(Number(value), one.currency) : t(`amount.${one.unit}`, { n: figure(one, value) });
}
