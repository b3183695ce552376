// Stacked bars over days with uPlot, which is fetched when the first chart is drawn.

const HERE = new URL("../vendor/", import.meta.url);
const DAY = 86_400;
let library = null;

function plot() {
  library ??= new Promise((resolve, reject) => {
    const style = document.createElement("link");
    Object.assign(style, { rel: "stylesheet", href: new URL("uPlot.min.css", HERE) });
    const script = document.createElement("script");
    Object.assign(script, { src: new URL("uPlot.iife.min.js", HERE), onload: () => resolve(globalThis.uPlot), onerror: reject });
    document.head.append(style, script);
  });
  return library;
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * Bars in `node`: `days` in seconds since 1970, `series` as [{name, colour, values}] from the bottom up, `shown` makes
 * the text of a value, `shownDay` of a day. Gives a function that ends it.
 */
export async function bars(node, { days, series, shown, shownDay }) {
  const Plot = await plot();
  if (!node.isConnected) return () => {};
  const sums = stacked(series, days.length);
  const height = 240;
  const ink = colour("--muted");
  const line = colour("--line");
  const font = "12px system-ui, sans-serif";
  const grid = { stroke: line, width: 1 };
  const options = {
    width: node.clientWidth || 300,
    height,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { range: () => [days[0] - DAY * 0.6, days.at(-1) + DAY * 0.6] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
    axes: [
      { stroke: ink, font, grid: { show: false }, ticks: { ...grid, size: 4 }, space: 64, incrs: [DAY, 2 * DAY, 7 * DAY, 14 * DAY], values: (_, at) => at.map(shownDay), splits: (chart) => marks(days, chart.width) },
      { stroke: ink, font, grid, ticks: { show: false }, size: 64, values: (_, values) => values.map(shown) },
    ],
    series: [{}, ...sums.map((one) => ({ label: one.name, fill: one.colour, width: 0, points: { show: false }, paths: Plot.paths.bars({ size: [0.7, 42], radius: 0.08 }) }))],
  };
  const chart = new Plot(options, [days, ...sums.map((one) => one.values)], node);
  chart.root.setAttribute("aria-hidden", "true");
  const watch = new ResizeObserver(() => node.clientWidth && chart.setSize({ width: node.clientWidth, height }));
  watch.observe(node);
  return () => {
    watch.disconnect();
    chart.destroy();
  };
}

/** The highest sum is drawn first, and each lower one over it. */
function stacked(series, count) {
  const sum = Array(count).fill(0);
  return series.map((one) => ({ ...one, values: one.values.map((value, index) => (sum[index] += value)) })).reverse();
}

/** Which days bear a label: as many as there is room for. */
function marks(days, width) {
  const step = Math.max(1, Math.ceil(days.length / Math.max(2, Math.floor(width / 80))));
  return days.filter((_, index) => (days.length - 1 - index) % step === 0);
}
