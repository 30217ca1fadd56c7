// What can be undone. Typing in one box within a second of the last stroke is one step.
const LONGEST = 200;
const STROKE = 1000;

export const begin = (rule) => ({ past: [], rule, future: [], label: "", time: 0 });

export function record(history, rule, label, time) {
  const isSame = label !== "" && label === history.label && time - history.time < STROKE;
  const past = isSame ? history.past : [...history.past, history.rule].slice(-LONGEST);
  return { past, rule, future: [], label, time };
}

export function undo({ past, rule, future, ...rest }) {
  if (!past.length) return null;
  return { ...rest, past: past.slice(0, -1), rule: past.at(-1), future: [rule, ...future], label: "" };
}

export function redo({ past, rule, future, ...rest }) {
  if (!future.length) return null;
  return { ...rest, past: [...past, rule], rule: future[0], future: future.slice(1), label: "" };
}
