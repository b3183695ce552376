// Tokens, hours and cost by day and model: stacked bars, and beneath them the same as tables.

import { get } from "./api.js";
import { now } from "./clock.js";
import { bars } from "./chart.js";
import { Controls } from "./controls.js";
import { clipped, el, foreign, put } from "./dom.js";
import { compact, day, money, number } from "./format.js";
import { t } from "./i18n.js";
import { Section } from "./section.js";

const DAY = 86_400_000;
const MODELS = 7;
const AMOUNTS = { tokens: 0, node_hours: 2, card_hours: 2 };

export class Usage {
  constructor() {
    this.controls = new Controls("usage", (name) => this.chosen(name));
    this.controls.offer("account", () => []);
    this.controls.offer("what", () => this.whats(), false);
    this.section = new Section("usage", { read: () => this.read(), show: () => this.draw(), gap: 5000, every: 300_000 });
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.theme.addEventListener("change", () => this.repaint());
  }

  get days() {
    return Number(this.controls.value("range"));
  }

  async read() {
    const end = now();
    const since = new Date(end - (this.days - 1) * DAY).toISOString().slice(0, 10) + "T00:00:00Z";
    const { items } = await get("/usage", { by: "day,model", since, account: this.controls.value("account") });
    const first = Date.parse(since);
    const days = Array.from({ length: Math.floor((end - first) / DAY) + 1 }, (_, index) => new Date(first + index * DAY).toISOString().slice(0, 10));
    return { days, items };
  }

  heard(event) {
    if (event.type.startsWith("usage.")) this.section.refresh();
  }

  accounts(names) {
    this.controls.offer("account", () => names.map((name) => [name, name]));
  }

  chosen(name) {
    if (name === "what") this.draw();
    else this.section.refresh();
  }

  repaint() {
    if (this.section.data) this.draw();
  }

  get currencies() {
    return [...new Set((this.section?.data?.items ?? []).map((item) => item.currency).filter(Boolean))].sort();
  }

  /** Tokens, and hours where there are any; hours alone where nothing else is. */
  get amounts() {
    return amounts(this.section?.data?.items ?? []);
  }

  whats() {
    return [...this.amounts.map((name) => [name, t(`usage.${name}`)]), ...this.currencies.map((currency) => [currency, t("usage.cost", { currency })])];
  }

  draw() {
    const { days, items } = this.section.data;
    this.controls.offer("what", () => this.whats(), false);
    const [first] = this.amounts;
    const what = this.controls.value("what") || first;
    const measured = what in AMOUNTS;
    this.end?.then((end) => end());
    this.end = undefined;
    if (!items.length) {
      put(this.section.body, el("p", { class: "empty" }, t("usage.none")));
      return;
    }
    const open = this.section.body.querySelector("details")?.open ?? false;
    const value = (item) => (measured ? Number(item[what] ?? 0) : item.currency === what ? Number(item.cost ?? 0) : 0);
    const shown = (amount) => (measured ? number(amount, AMOUNTS[what]) : money(amount, what));
    const series = stack(items, days, value);
    const total = items.reduce((sum, item) => sum + value(item), 0);
    const label = t("usage.label", { what: measured ? t(`usage.${what}`) : t("usage.cost", { currency: what }), range: t(`range.${this.days}`), total: shown(total) });
    const box = el("div", { class: "plot" });
    const keys = el("ul", { class: "legend" }, series.map((one, index) => el("li", { class: `key k-m${index}` }, one.name === null ? t("usage.other") : foreign(one.name || t("usage.unnamed")))));
    put(this.section.body, el("div", { class: "usages" }, el("figure", { role: "img", "aria-label": label }, box), el("div", {}, keys, this.table(items))), daily(items, days, open));
    this.end = bars(box, {
      days: days.map((text) => Date.parse(text) / 1000),
      series: series.map((one, index) => ({ name: one.name, colour: getComputedStyle(document.documentElement).getPropertyValue(`--m${index}`).trim(), values: one.values })),
      shown: compact,
      shownDay: (seconds) => utc(seconds * 1000),
    }).catch(() => () => {});
  }

  table(items) {
    const models = sums(items, (item) => item.model ?? "");
    const rows = [...models.entries()].sort(([, a], [, b]) => b.tokens - a.tokens || b.node_hours - a.node_hours);
    return matrix(t("usage.caption"), t("model"), rows.slice(0, 50).map(([name, sum]) => [foreign(name || t("usage.unnamed")), sum]), this.amounts, this.currencies);
  }
}

function daily(items, days, open) {
  const by = sums(items, (item) => item.day);
  const currencies = [...new Set(items.map((item) => item.currency).filter(Boolean))].sort();
  const rows = [...days].reverse().filter((text) => by.has(text)).map((text) => [utc(Date.parse(text)), by.get(text)]);
  return el("details", { open }, el("summary", {}, t("usage.days")), matrix(t("usage.days"), t("day"), rows, amounts(items), currencies));
}

function amounts(items) {
  const found = Object.keys(AMOUNTS).filter((name) => items.some((item) => Number(item[name] ?? 0) !== 0));
  return found.length ? found : ["tokens"];
}

function matrix(caption, what, rows, named, currencies) {
  const amount = (sum, currency) => (sum.costs.has(currency) ? money(sum.costs.get(currency), currency) : "–");
  const cells = (sum) => [
    number(sum.jobs),
    ...named.map((name) => number(sum[name], AMOUNTS[name])),
    ...currencies.map((currency) => amount(sum, currency)),
  ];
  const cell = (text, at) => el("td", { class: "num", "data-head": heads[at] }, text);
  const heads = [t("jobs"), ...named.map((name) => t(`usage.${name}`)), ...currencies.map((currency) => t("usage.cost", { currency }))];
  return el(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": clipped(caption, 80) },
    el(
      "table",
      { class: "matrix" },
      el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, what), heads.map((text) => el("th", { scope: "col", class: "num" }, text)))),
      el("tbody", {}, rows.map(([name, sum]) => el("tr", {}, el("th", { scope: "row" }, name), cells(sum).map(cell)))),
    ),
  );
}

function sums(items, key) {
  const found = new Map();
  for (const item of items) {
    const name = key(item);
    if (!found.has(name)) found.set(name, { jobs: 0, tokens: 0, node_hours: 0, card_hours: 0, costs: new Map() });
    const sum = found.get(name);
    sum.jobs += item.jobs ?? 0;
    for (const name of Object.keys(AMOUNTS)) sum[name] += Number(item[name] ?? 0);
    if (item.currency) sum.costs.set(item.currency, (sum.costs.get(item.currency) ?? 0) + Number(item.cost ?? 0));
  }
  return found;
}

/** The models with the most, each with a value per day, and the others together (name null). */
function stack(items, days, value) {
  const index = new Map(days.map((text, at) => [text, at]));
  const totals = new Map();
  for (const item of items) totals.set(item.model ?? "", (totals.get(item.model ?? "") ?? 0) + value(item));
  const ranked = [...totals.entries()].filter(([, sum]) => sum > 0).sort(([, a], [, b]) => b - a).map(([name]) => name);
  const names = ranked.length > MODELS + 1 ? ranked.slice(0, MODELS) : ranked;
  const series = new Map(names.map((name) => [name, Array(days.length).fill(0)]));
  if (ranked.length > names.length) series.set(null, Array(days.length).fill(0));
  for (const item of items) {
    const values = series.get(item.model ?? "") ?? series.get(null);
    if (values && index.has(item.day)) values[index.get(item.day)] += value(item);
  }
  return [...series.entries()].map(([name, values]) => ({ name, values }));
}

/** The ledger's days are days of UTC; they are not moved into the viewer's. */
function utc(at) {
  const date = new Date(at);
  return day(new Date(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()));
}
