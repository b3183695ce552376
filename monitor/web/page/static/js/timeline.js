// Draws time: the axis, the bar of a job (waiting, then its state, by colour and pattern), and how busy it was.

import { svg } from "./dom.js";
import { day, hour } from "./format.js";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BUCKETS = 160;
const PLAIN = new Set(["running", "succeeded", "pending"]);

/** The moments that bear a label, in the viewer's zone: about six of them, fewer where it is narrow. */
export function ticks(begin, end, narrow) {
  const days = (end - begin) / DAY;
  const step = days <= 1 / 24 ? (narrow ? 1 / 3 : 1 / 6) : days < 1 ? (narrow ? 2 : 1) : days <= 1 ? (narrow ? 8 : 4) : days <= 7 ? (narrow ? 48 : 24) : days <= 14 ? (narrow ? 96 : 48) : narrow ? 240 : 120;
  const at = new Date(begin);
  at.setHours(0, 0, 0, 0);
  const found = [];
  while (at.getTime() <= end) {
    if (at.getTime() > begin) found.push(at.getTime());
    at.setMinutes(at.getMinutes() + Math.round(step * 60));
  }
  return found.map((moment) => ({ moment, text: step < 24 ? hour(moment) : day(moment) }));
}

export function axis(marks, begin, end) {
  const labels = marks.map(({ moment, text }) => {
    const share = (moment - begin) / (end - begin);
    return svg("text", { x: `${share * 100}%`, y: 13, "text-anchor": share > 0.95 ? "end" : share < 0.04 ? "start" : "middle" }, text);
  });
  return svg("svg", { class: "axis", height: 18, "aria-hidden": "true" }, labels);
}

/** The bar as an image with a label; its rects are in percent, so that it stretches and its patterns do not. */
export function bar(job, begin, end, marks, label) {
  const place = (moment) => Math.min(1, Math.max(0, (moment - begin) / (end - begin))) * 100;
  const last = job.to ?? end;
  const ran = job.started ?? (job.active || job.to === null ? null : job.from);
  const waitEnd = ran ?? last;
  const parts = [];
  if (waitEnd > job.from && waitEnd > begin) parts.push(rect(place(job.from), place(waitEnd), waitFill(job, ran), 5, 8));
  if (ran !== null && last >= begin) parts.push(rect(place(ran), place(last), fill(job.state), 2, 14));
  return svg(
    "svg",
    { class: "bar", height: 18, role: "img", "aria-label": label },
    marks.map(({ moment }) => svg("line", { class: "grid", x1: `${place(moment)}%`, x2: `${place(moment)}%`, y1: 0, y2: 18 })),
    parts,
  );
}

function rect(from, to, paint, y, height) {
  return svg("rect", { x: `${Math.min(99.6, from).toFixed(3)}%`, width: `${Math.max(0.4, to - from).toFixed(3)}%`, y, height, rx: 2, ...paint });
}

function waitFill(job, ran) {
  return ran === null && job.to !== null ? fill(job.state) : { class: "wait", fill: "url(#hatch-queued)" };
}

export function fill(state) {
  return PLAIN.has(state) ? { class: `f-${state}` } : { class: `p-${state}`, fill: `url(#hatch-${known(state)})` };
}

function known(state) {
  return ["queued", "failed", "canceled", "stopping"].includes(state) ? state : "unknown";
}

/** How many ran and how many waited in each bucket of the time, and the most of both. */
export function load(jobs, begin, end) {
  const size = (end - begin) / BUCKETS;
  const running = new Int32Array(BUCKETS + 1);
  const waiting = new Int32Array(BUCKETS + 1);
  const add = (counts, from, to) => {
    if (to < begin || from > end || to < from) return;
    counts[Math.max(0, Math.floor((from - begin) / size))] += 1;
    counts[Math.min(BUCKETS, Math.floor((to - begin) / size) + 1)] -= 1;
  };
  for (const job of jobs) {
    const last = job.to ?? end;
    const ran = job.started ?? (job.active ? last : job.from);
    if (ran > job.from) add(waiting, job.from, ran);
    if (last > ran) add(running, ran, last);
  }
  const sums = (counts) => {
    let sum = 0;
    return [...counts.slice(0, BUCKETS)].map((step) => (sum += step));
  };
  return { running: sums(running), waiting: sums(waiting) };
}

export function busy({ running, waiting }, label) {
  const most = Math.max(1, ...running.map((count, index) => count + waiting[index]));
  const height = (count) => 100 - (count / most) * 96;
  const shape = (low, high) => {
    const up = high.map((count, index) => `L${index} ${height(count).toFixed(1)}H${index + 1}`).join("");
    const back = low.map((count, index) => `L${index + 1} ${height(count).toFixed(1)}H${index}`).reverse().join("");
    return `M0 ${height(low[0]).toFixed(1)}${up}${back}Z`;
  };
  const zero = running.map(() => 0);
  const both = running.map((count, index) => count + waiting[index]);
  return svg(
    "svg",
    { class: "busy", viewBox: `0 0 ${BUCKETS} 100`, preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("path", { class: "f-running", d: shape(zero, running) }),
    svg("path", { class: "f-queued", d: shape(running, both) }),
  );
}
