// How much of something is used: a bar with marks where somebody is told, and the marks as words beneath it.

import { el, hidden, svg } from "./dom.js";
import { number } from "./format.js";
import { t } from "./i18n.js";

const TALL = 10;

export function percents(share) {
  return `${number(share, 1)}\u00a0%`;
}

/** All in percent. Where a mark lies beyond 100, the bar ends there. `reached`: the highest mark that is, or null. */
export function meter(share, marks, reached, label) {
  const whole = Math.max(100, ...marks);
  const place = (percent) => `${Math.min(100, Math.max(0, (percent / whole) * 100)).toFixed(2)}%`;
  return svg(
    "svg",
    { class: `meter ${tone(reached)}`, height: TALL, role: "img", "aria-label": label },
    share > 0 && svg("rect", { width: place(share), height: TALL }),
    marks.filter((mark) => mark < whole).map((mark) => svg("line", { x1: place(mark), x2: place(mark), y1: 0, y2: TALL })),
  );
}

export function marked(marks, reached) {
  const chip = (mark) => (mark <= (reached ?? -1) ? el("li", { class: `state ${tone(mark)}` }, el("span", { "aria-hidden": "true" }, "✓ "), percents(mark), hidden(` ${t("reached")}`)) : el("li", { class: "state" }, percents(mark)));
  return el("ul", { class: "counts", "aria-label": t("thresholds") }, marks.map(chip));
}

export function tone(reached) {
  if (reached === null || reached === undefined) return "t-calm";
  return reached < 100 ? "t-near" : "t-full";
}
