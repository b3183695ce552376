// Stock of each flavor by zone: what it is now and since when, its hours as a strip, and on demand its days by the hour.

import { all } from "./api.js";
import { now } from "./clock.js";
import { Controls } from "./controls.js";
import { clipped, el, foreign, hidden, moment, put } from "./dom.js";
import { duration, number, percent } from "./format.js";
import { grid, hoursOf, shares, spans, strip } from "./heat.js";
import { t, word } from "./i18n.js";
import { Section } from "./section.js";
import { axis, ticks } from "./timeline.js";

const DAY = 86_400_000;
const MOST = 3000;
const ROWS = 15;

export class Stock {
  constructor() {
    this.rows = ROWS;
    this.open = new Set();
    this.controls = new Controls("stock", (name) => this.chosen(name));
    this.controls.offer("account", () => []);
    this.controls.offer("state", () => ["normal", "soldout", "delisted"].map((state) => [state, word("stock", state)]));
    this.section = new Section("stock", { read: () => this.read(), show: () => this.draw(), gap: 5000, every: 120_000 });
    this.narrow = matchMedia("(max-width: 700px)");
    this.narrow.addEventListener("change", () => this.section.data && this.draw());
  }

  get days() {
    return Number(this.controls.value("range"));
  }

  async read() {
    const end = now();
    const begin = end - this.days * DAY;
    const [items, current] = await Promise.all([
      all("/stock-history", { since: new Date(begin).toISOString() }, MOST),
      all("/flavors", {}, MOST),
    ]);
    const hours = hoursOf(begin, end);
    const states = new Map(current.map((one) => [keyOf(one), one]));
    return { begin, end, hours, entries: items.filter((item) => item.zone).map((item) => entry(item, states.get(keyOf(item)), begin, end, hours)) };
  }

  heard(event) {
    if (event.type.startsWith("flavor.")) this.section.refresh();
  }

  accounts(names) {
    this.controls.offer("account", () => names.map((name) => [name, name]));
  }

  chosen(name) {
    this.rows = ROWS;
    if (name === "range") this.section.refresh();
    else if (this.section.data) this.draw();
  }

  fitting(entries) {
    const account = this.controls.value("account");
    const state = this.controls.value("state");
    const search = this.controls.value("search").toLowerCase();
    return entries.filter(
      (one) => (!account || one.account === account) && (!state || one.stock === state) && (!search || one.text.includes(search)),
    );
  }

  draw() {
    const { begin, end, hours, entries } = this.section.data;
    const found = this.fitting(entries).sort(first);
    const held = document.activeElement?.closest?.("#stock [data-key]")?.dataset.key;
    if (!found.length) {
      put(this.section.body, el("p", { class: "empty" }, t(entries.length ? "stock.nofit" : "stock.none")));
      return;
    }
    const marks = ticks(begin, end, this.narrow.matches);
    const head = ["flavor", "zone", "stock.now", "share"].map((key) => el("th", { scope: "col", role: "columnheader", class: `c-${key.split(".").at(-1)}` }, t(key)));
    const table = el(
      "table",
      { class: "stocks", role: "table" },
      el("caption", { class: "unseen" }, t("stock.caption")),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head, el("th", { scope: "col", role: "columnheader", class: "c-bar" }, hidden(t("timeline")), axis(marks, begin, end)))),
      el("tbody", { role: "rowgroup" }, found.slice(0, this.rows).map((one) => this.row(one, hours))),
    );
    const rest = found.length - this.rows;
    put(this.section.body, legend(), table, rest > 0 && el("button", { type: "button", class: "more", "data-key": "more", onclick: () => this.further() }, `${t("more")} (${number(rest)})`));
    if (held) this.section.body.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  further() {
    this.rows += 4 * ROWS;
    this.draw();
  }

  row(one, hours) {
    const open = this.open.has(one.key);
    const range = t(`range.${this.days}`);
    const label = one.share === null ? t("strip.unknown", { range }) : t("strip.label", { range, share: percent(one.share), n: number(one.changes.length) });
    const cell = (kind, ...content) => el("td", { role: "cell", class: `c-${kind}` }, content);
    const name = el("button", { type: "button", class: "link", "data-key": one.key, "aria-expanded": String(open), onclick: () => this.toggle(one.key) }, foreign(one.id, { title: `${one.account} · ${one.catalogue}` }));
    const main = el(
      "tr",
      { role: "row" },
      el("th", { scope: "row", role: "rowheader", class: "c-flavor" }, name),
      cell("zone", foreign(one.zone)),
      cell("now", el("span", { class: `state st-${one.stock ?? "unknown"}` }, word("stock", one.stock ?? "unknown")), " ", this.age(one)),
      cell("share", one.share === null ? "–" : percent(one.share)),
      cell("bar", strip(one.hourly, label)),
    );
    if (!open) return main;
    const caption = t("hours.caption", { flavor: clipped(one.id, 80), zone: clipped(one.zone, 40) });
    const box = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, grid(one.hourly, hours, caption));
    return [main, el("tr", { role: "row", class: "opened" }, el("td", { role: "cell", colspan: 5 }, box))];
  }

  age(one) {
    if (one.stock === null) return null;
    if (one.since) return el("span", { class: "muted" }, moment(one.since, t("stock.for", { age: duration((now() - Date.parse(one.since)) / 1000) })));
    return el("span", { class: "muted" }, t("stock.longer", { age: t(`range.${this.days}`) }));
  }

  toggle(key) {
    if (!this.open.delete(key)) this.open.add(key);
    this.draw();
  }
}

/** `current` knows what no change told yet: the stock as it was first seen. */
function entry(item, current, begin, end, hours) {
  const changes = item.changes;
  const since = current?.since ?? changes.at(-1)?.at ?? null;
  const told = changes.length || !current?.stock || current.stock === "delisted" ? changes : [{ at: since, stock: current.stock }];
  const parts = spans({ at_start: item.at_start, changes: told }, begin, end);
  const known = parts.filter((part) => part.stock !== null);
  const length = (some) => some.reduce((sum, part) => sum + part.to - part.from, 0);
  return {
    ...item,
    key: keyOf(item),
    text: [item.id, item.zone, item.account].join("\n").toLowerCase(),
    stock: item.listed ? current?.stock ?? changes.at(-1)?.stock ?? item.at_start : "delisted",
    since,
    changed: changes.at(-1)?.at ?? "",
    share: known.length ? length(known.filter((part) => part.stock === "normal")) / length(known) : null,
    hourly: shares(parts, hours, end),
  };
}

function keyOf(item) {
  return [item.account, item.catalogue, item.id, item.zone].join("|");
}

/** What changed last stands first; what never did, by name. */
function first(a, b) {
  return b.changed.localeCompare(a.changed) || a.key.localeCompare(b.key);
}

function legend() {
  const kinds = ["normal", "mixed", "soldout", "unknown"];
  return el("p", { class: "legend" }, kinds.map((kind) => el("span", { class: `key k-${kind}` }, word("stock", kind))));
}
