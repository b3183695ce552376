// Numbers, durations and times as the viewer writes them, in the viewer's zone.

import { now } from "./clock.js";
import { locale, t } from "./i18n.js";

const made = new Map();

/** Intl's formats are dear to make; each is made once per language. */
function kept(kind, options) {
  const key = `${kind} ${locale()} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Intl[kind](locale(), options));
  return made.get(key);
}

export function number(value, digits = 0) {
  return kept("NumberFormat", { maximumFractionDigits: digits }).format(value);
}

export function compact(value) {
  return kept("NumberFormat", { notation: "compact", maximumFractionDigits: 1 }).format(value);
}

export function percent(share) {
  return kept("NumberFormat", { style: "percent", maximumFractionDigits: 0 }).format(share);
}

export function money(value, currency) {
  try {
    return kept("NumberFormat", { style: "currency", currency, currencyDisplay: "code" }).format(value);
  } catch {
    return `${number(value, 2)} ${currency ?? ""}`;
  }
}

/** Short, with its date: `Nov 20, 14:05`. */
export function time(iso) {
  return iso ? kept("DateTimeFormat", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(iso)) : "–";
}

/** `14:05:10` where it was today, else with the date. */
export function clock(iso) {
  const at = new Date(iso);
  const same = at.toDateString() === new Date(now()).toDateString();
  return same ? kept("DateTimeFormat", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(at) : time(iso);
}

export function day(at, weekday = false) {
  return kept("DateTimeFormat", { month: "short", day: "numeric", ...(weekday ? { weekday: "short" } : {}) }).format(at);
}

export function hour(at) {
  return kept("DateTimeFormat", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

/** Two units at most: `2 h 5 min`. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(whole / 86_400), t("unit.d")],
    [Math.floor(whole / 3600) % 24, t("unit.h")],
    [Math.floor(whole / 60) % 60, t("unit.min")],
    [whole % 60, t("unit.s")],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return `0\u00a0${t("unit.s")}`;
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}\u00a0${unit}`)
    .join(" ");
}

export function since(iso) {
  return iso ? duration((now() - Date.parse(iso)) / 1000) : "–";
}
