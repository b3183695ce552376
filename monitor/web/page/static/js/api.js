// Asks /api/v1. Whatever goes wrong is one Refusal with plain words; who must sign in first is sent there.

const ROOT = "/api/v1";
const PATIENCE = 20_000;

/** `status` 0: nobody answered. `text` is what a person may read. */
export class Refusal extends Error {
  constructor(status, detail, hint) {
    super(detail);
    this.status = status;
    this.text = [detail, hint].filter(Boolean).join(" ");
  }
}

export function get(path, query = {}) {
  return ask("GET", path, query);
}

export function post(path) {
  return ask("POST", path, {});
}

/** Yields the items page by page, at most `most` of them. */
export async function* pages(path, query = {}, most = 1000) {
  let cursor = null;
  let left = most;
  do {
    const limit = Math.min(left, query.limit ?? 1000);
    const page = await get(path, { ...query, limit, cursor });
    left -= page.items.length;
    cursor = page.next;
    yield page.items;
  } while (cursor && left > 0);
}

export async function all(path, query = {}, most = 1000) {
  const items = [];
  for await (const page of pages(path, query, most)) items.push(...page);
  return items;
}

export function goSignIn() {
  location.assign("/sign-in");
}

async function ask(method, path, query) {
  const answer = await sent(method, ROOT + path + text(query));
  if (answer.status === 401) {
    goSignIn();
    throw new Refusal(401, "Sign in first.", "");
  }
  const document = await answer.json().catch(() => null);
  if (answer.ok && document !== null) return document;
  throw new Refusal(answer.status, document?.detail ?? `${answer.status} ${answer.statusText}`, document?.hint);
}

async function sent(method, address) {
  try {
    return await fetch(address, {
      method,
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new Refusal(0, "", "");
  }
}

function text(query) {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).filter((one) => one !== null && one !== undefined && one !== "").map((one) => [name, one]),
  );
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}
