// Makes elements. Text goes in as text and nothing here parses markup, so what a platform calls a job stays a word.

const SVG = "http://www.w3.org/2000/svg";

/** `el("a", {class: "x", href}, "text", node)`: null and false children are left out, `on…` props are listeners. */
export function el(tag, props, ...children) {
  return filled(document.createElement(tag), props, children);
}

export function svg(tag, props, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

/** Puts these children in place of the ones that are there. */
export function put(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter(wanted).map(asNode));
  return node;
}

/** The same; whoever had the focus on something with a `data-key` has it there again. */
export function refill(node, ...children) {
  const held = node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  put(node, ...children);
  if (held) node.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}

/** The link where it is a web address, else null: `javascript:` and its like lead nowhere. */
export function webAddress(text) {
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

/** A text of any length as one that a row can hold; the whole of it in the title. */
export function clipped(text, most = 120) {
  const points = [...String(text)];
  return points.length <= most ? String(text) : points.slice(0, most - 1).join("") + "…";
}

/** Foreign text, isolated so that right-to-left words do not turn what stands beside them. */
export function foreign(text, props = {}) {
  const short = clipped(text);
  return el("bdi", { ...props, title: short === text ? props.title : clipped(text, 1000) }, short);
}

export function hidden(text) {
  return el("span", { class: "unseen" }, text);
}

/** A `<time>` with UTC in its title. */
export function moment(iso, shown) {
  return iso ? el("time", { datetime: iso, title: iso.replace("T", " ").replace("Z", " UTC") }, shown) : el("span", {}, "–");
}

function filled(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter(wanted).map(asNode));
  return node;
}

function wanted(child) {
  return child !== null && child !== undefined && child !== false;
}

function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}
