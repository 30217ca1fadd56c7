// A condition goes over the clipboard as its JSON: to another place, another segment, a colleague.
import { read, write } from "./numerals.js";
import { opens } from "./opens.js";
import * as tree from "./tree.js";

const isText = (element) => element.matches("textarea, input:not([type=checkbox])");
const pathOf = (card) => tree.path(card.dataset.node);

/** Copies the card the focus is in; texts that are marked or typed are copied as ever. */
export function onCopy(event, rule) {
  const card = event.target.closest("[data-node]");
  if (!card || isText(event.target) || !getSelection().isCollapsed) return;
  event.clipboardData.setData("text/plain", write(tree.at(rule, pathOf(card))));
  event.preventDefault();
}

/** Puts what was copied behind the card the focus is in; what is no condition is left alone. */
export function onPaste(event, vocabulary, act) {
  const card = event.target.closest("[data-node]");
  const node = card && !isText(event.target) ? condition(event.clipboardData.getData("text/plain"), vocabulary) : undefined;
  if (node === undefined) return;
  event.preventDefault();
  const path = pathOf(card);
  act((rule) => ({ ...tree.insertBehind(rule, path, node), part: "kind" }));
}

function condition(text, vocabulary) {
  try {
    const node = read(text);
    return opens(node, vocabulary) ? node : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
