// Draws stock: a strip of hours for a row of the list, and for one flavor the days by the hour as a table.

import { el, hidden, svg } from "./dom.js";
import { day, number, percent } from "./format.js";
import { t, word } from "./i18n.js";

const HOUR = 3_600_000;

/** Starts of hours in the viewer's zone from `begin` to `end`, oldest first. */
export function hoursOf(begin, end) {
  const first = new Date(begin);
  first.setMinutes(0, 0, 0);
  const found = [];
  for (let at = first.getTime(); at < end; at += HOUR) found.push(at);
  return found;
}

/** What the flavor's stock was: [{from, to, stock}], `stock` null where nobody knows. */
export function spans(item, begin, end) {
  const found = [];
  let stock = item.at_start;
  let from = begin;
  for (const change of item.changes) {
    const at = Math.max(begin, Date.parse(change.at));
    if (at > from) found.push({ from, to: at, stock });
    [stock, from] = [change.stock, at];
  }
  if (end > from) found.push({ from, to: end, stock });
  return found;
}

/** Of each hour the share in stock, null where nothing is known of it. */
export function shares(parts, hours, end) {
  let index = 0;
  return hours.map((hour) => {
    const close = Math.min(end, hour + HOUR);
    let [known, good] = [0, 0];
    while (index < parts.length && parts[index].to <= hour) index += 1;
    for (let next = index; next < parts.length && parts[next].from < close; next += 1) {
      const length = Math.min(close, parts[next].to) - Math.max(hour, parts[next].from);
      if (parts[next].stock === null || length <= 0) continue;
      known += length;
      if (parts[next].stock === "normal") good += length;
    }
    return known ? good / known : null;
  });
}

export function kind(share) {
  if (share === null) return "unknown";
  return share === 0 ? "soldout" : share === 1 ? "normal" : "mixed";
}

/** Equal hours side by side are one rect; 30 days of a quiet flavor are one or two. */
export function strip(found, label) {
  const runs = [];
  found.forEach((share, index) => {
    const what = kind(share);
    if (runs.at(-1)?.what === what) runs.at(-1).to = index + 1;
    else runs.push({ what, from: index, to: index + 1 });
  });
  const place = (index) => `${((index / found.length) * 100).toFixed(3)}%`;
  return svg(
    "svg",
    { class: "strip", height: 16, role: "img", "aria-label": label },
    runs.map((run) => svg("rect", { x: place(run.from), width: place(run.to - run.from), height: 16, ...paint(run.what) })),
  );
}

function paint(what) {
  return what === "soldout" ? { class: "p-soldout", fill: "url(#hatch-soldout)" } : { class: `f-${what}` };
}

/** Days down, hours across; above them all days together. */
export function grid(found, hours, caption) {
  const days = new Map();
  hours.forEach((at, index) => {
    const date = new Date(at);
    const key = date.toDateString();
    if (!days.has(key)) days.set(key, { date, cells: Array(24).fill(undefined) });
    days.get(key).cells[date.getHours()] = found[index];
  });
  const rows = [...days.values()].reverse();
  const across = Array.from({ length: 24 }, (_, hour) => hour);
  const whole = across.map((hour) => mean(rows.map((row) => row.cells[hour])));
  return el(
    "table",
    { class: "hours" },
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, el("th", { scope: "col" }, hidden(t("day"))), across.map((hour) => el("th", { scope: "col" }, hour % 3 ? hidden(number(hour)) : number(hour))))),
    el("tbody", {}, el("tr", { class: "whole" }, el("th", { scope: "row" }, t("hours.all")), whole.map((share, hour) => cell(share, hour))), rows.map((row) => el("tr", {}, el("th", { scope: "row" }, day(row.date, true)), row.cells.map((share, hour) => cell(share, hour))))),
  );
}

function mean(values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
}

function cell(share, hour) {
  if (share === undefined) return el("td", { class: "none" });
  const what = kind(share);
  const words = what === "mixed" ? `${word("stock", what)}, ${percent(share)}` : word("stock", what);
  const step = what === "mixed" ? ` m${Math.min(4, Math.floor(share * 5))}` : "";
  return el("td", { class: `h-${what}${step}`, title: `${String(hour).padStart(2, "0")}:00 ${words}` }, hidden(words));
}
