// The rule is its JSON and nothing else: every change is a new document, so that whatever was not
// touched stays as it was written. A path is a list of keys and places from the root.
const GROUPS = ["all", "any"];

export const isObject = (value) =>
  value !== null && typeof value === "object" && !Array.isArray(value);

export const at = (rule, path) => path.reduce((inner, key) => inner?.[key], rule);

export const pointer = (path) =>
  path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** The path of a pointer that a card of this document carries: digits are places in a list. */
export const path = (pointer) =>
  pointer.split("/").slice(1).map((key) => (/^\d+$/.test(key) ? Number(key) : key.replaceAll("~1", "/").replaceAll("~0", "~")));

/** The document with another value at the path; undefined takes the key away. */
export function put(rule, path, value) {
  if (!path.length) return value;
  const [key, ...rest] = path;
  const inner = put(rule?.[key], rest, value);
  if (Array.isArray(rule)) return rule.map((one, place) => (place === key ? inner : one));
  if (inner === undefined) {
    const { [key]: _gone, ...others } = rule;
    return others;
  }
  return { ...rule, [key]: inner };
}

/** all, any, not, or the kind of a single condition; undefined for what is none. */
export function kindOf(node, kinds) {
  if (!isObject(node)) return undefined;
  const found = [...GROUPS, "not", ...kinds.map((kind) => kind.key)].filter((key) => key in node);
  return found.length === 1 ? found[0] : undefined;
}

export const groupOf = (node) => GROUPS.find((key) => isObject(node) && Array.isArray(node[key]));

/** The groups that hold the card of this pointer, and the card itself. */
export function groupsAbove(rule, pointer) {
  const whole = path(pointer);
  return [...whole, ""].map((_key, depth) => at(rule, whole.slice(0, depth))).filter(groupOf);
}

/** The path of the list a condition stands in, and its place there; null below "not" and on top. */
function place(path) {
  const index = path.at(-1);
  return typeof index === "number" ? { list: path.slice(0, -1), index } : null;
}

const without = (list, index) => list.filter((_one, other) => other !== index);
const within = (list, index, ...items) => [...list.slice(0, index), ...items, ...list.slice(index)];

/** Each change answers with the new rule and the path to look at next. */
export function add(rule, list, node) {
  const before = at(rule, list);
  return { rule: put(rule, list, [...before, node]), focus: [...list, before.length] };
}

/** One more condition that must hold as well. */
export function joined(rule, node) {
  if (rule === undefined || (isObject(rule) && "everyone" in rule)) return node;
  return groupOf(rule) === "all" ? { all: [...rule.all, node] } : { all: [rule, node] };
}

export function remove(rule, path) {
  const here = place(path);
  if (here) {
    const rest = without(at(rule, here.list), here.index);
    const next = rest.length ? [...here.list, Math.min(here.index, rest.length - 1)] : here.list.slice(0, -1);
    return { rule: put(rule, here.list, rest), focus: next };
  }
  if (path.at(-1) === "not") return remove(rule, path.slice(0, -1));
  return { rule: { all: [] }, focus: [] };
}

export const duplicate = (rule, path) => insertBehind(rule, path, at(rule, path));

export function insertBehind(rule, path, node) {
  const here = place(path);
  if (!here) return wrapped(rule, path, [at(rule, path), node]);
  const list = within(at(rule, here.list), here.index + 1, node);
  return { rule: put(rule, here.list, list), focus: [...here.list, here.index + 1] };
}

const wrapped = (rule, path, nodes) => ({
  rule: put(rule, path, { all: nodes }),
  focus: [...path, "all", nodes.length - 1],
});

export const wrap = (rule, path) => wrapped(rule, path, [at(rule, path)]);

/** A group's conditions take its place. Only where that changes no meaning: of the same word, or one. */
export function mayUnwrap(rule, path) {
  const node = at(rule, path);
  const kind = groupOf(node);
  if (!kind) return false;
  const here = place(path);
  return node[kind].length === 1 || (here !== null && here.list.at(-1) === kind && node[kind].length > 0);
}

export function unwrap(rule, path) {
  const node = at(rule, path);
  const children = node[groupOf(node)];
  const here = place(path);
  if (!here) return { rule: put(rule, path, children[0]), focus: path };
  const list = within(without(at(rule, here.list), here.index), here.index, ...children);
  return { rule: put(rule, here.list, list), focus: path };
}

export function negate(rule, path) {
  const node = at(rule, path);
  const other = isObject(node) && "not" in node ? node.not : { not: node };
  return { rule: put(rule, path, other), focus: path };
}

/** Up or down as in an outline: past a condition, into a neighbouring group, or out of its own. */
export function move(rule, path, step) {
  const here = place(path);
  if (!here) return null;
  const list = at(rule, here.list);
  const other = here.index + step;
  if (other < 0 || other >= list.length) return moveOut(rule, here, step);
  const inside = listWithin(list[other]);
  if (!inside) return moveTo(rule, here, here.list, other);
  const target = [...here.list, other, ...inside];
  return moveTo(rule, here, target, step > 0 ? 0 : at(rule, target).length);
}

/** The path to a group's list below its own "not", or null. */
function listWithin(node) {
  const kind = groupOf(node);
  if (kind) return [kind];
  const inner = isObject(node) && "not" in node ? listWithin(node.not) : null;
  return inner && ["not", ...inner];
}

function moveOut(rule, here, step) {
  const outer = here.list.slice(0, -1);
  while (outer.at(-1) === "not") outer.pop();
  const parent = place(outer);
  return parent && moveTo(rule, here, parent.list, parent.index + (step > 0 ? 1 : 0));
}

/** Take one out and put it in elsewhere. Both lists exist before; one may hold the other. */
function moveTo(rule, here, list, index) {
  const node = at(rule, [...here.list, here.index]);
  const shift = (path) =>
    path.map((key, depth) =>
      depth === here.list.length && startsWith(path, here.list) && key > here.index ? key - 1 : key,
    );
  const emptied = put(rule, here.list, without(at(rule, here.list), here.index));
  const target = shift(list);
  return { rule: put(emptied, target, within(at(emptied, target), index, node)), focus: [...target, index] };
}

export const startsWith = (path, start) => start.every((key, depth) => path[depth] === key);
