// Whether the builder can show a rule. What the server refuses for its meaning (an unknown field, an
// empty list) opens all the same and is marked; only what has no place in any editor does not.
import { EDITORS } from "./editors.jsx";
import { kindOf } from "./tree.js";

const DEEPEST = 40;

export function opens(node, vocabulary, depth = 0) {
  const kind = kindOf(node, vocabulary.kinds);
  if (kind === undefined || depth > DEEPEST) return false;
  if (kind === "not") return Object.keys(node).length === 1 && opens(node.not, vocabulary, depth + 1);
  if (kind === "all" || kind === "any") {
    return (
      Object.keys(node).length === 1 &&
      Array.isArray(node[kind]) &&
      node[kind].every((child) => opens(child, vocabulary, depth + 1))
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
