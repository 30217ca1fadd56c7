// Whether the builder can show a rule. What the server refuses for its meaning (an unknown field, an
// empty list) opens all the same and is marked; only what has no place in any editor does not.
import { EDITORS } from "./editors.jsx";
import { groupOf, isObject, kindOf } from "./tree.js";

const DEEPEST = 40;
// The server refuses more than 200. A page with thousands of cards stands still before it can say so.
const MOST_CONDITIONS = 400;

export const opens = (rule, vocabulary) =>
  conditions(rule, MOST_CONDITIONS) <= MOST_CONDITIONS && fits(rule, vocabulary, 0);

/** How many conditions there are; counting ends above the limit. */
function conditions(node, limit) {
  if (!isObject(node)) return 1;
  const children = groupOf(node) ? node[groupOf(node)] : "not" in node ? [node.not] : [];
  let found = 1;
  for (const child of children) {
    if (found > limit) break;
    found += conditions(child, limit - found);
  }
  return found;
}

function fits(node, vocabulary, depth) {
  const kind = kindOf(node, vocabulary.kinds);
  if (kind === undefined || depth > DEEPEST) return false;
  if (kind === "not") return Object.keys(node).length === 1 && fits(node.not, vocabulary, depth + 1);
  if (kind === "all" || kind === "any") {
    return (
      Object.keys(node).length === 1 &&
      Array.isArray(node[kind]) &&
      node[kind].every((child) => fits(child, vocabulary, depth + 1))
    );
  }
  const { slots } = vocabulary.kinds.find((one) => one.key === kind);
  const known = slots.flatMap((slot) => slot.keys ?? [slot.at]);
  return (
    Object.keys(node).every((key) => known.includes(key)) &&
    slots.every((slot) => EDITORS[slot.editor].fits(slot.at ? node[slot.at] : only(node, slot.keys), vocabulary))
  );
}

/** The part of a condition that an editor of several keys looks after. */
export const only = (node, keys) =>
  Object.fromEntries(Object.entries(node).filter(([key]) => keys.includes(key)));
