// What time it is for the monitor: its own clock, as /status last told it, for the viewer's may be wrong.

let offset = 0;

export function now() {
  return Date.now() + offset;
}

export function learn(iso) {
  const told = Date.parse(iso);
  if (Number.isFinite(told)) offset = told - Date.now();
}
