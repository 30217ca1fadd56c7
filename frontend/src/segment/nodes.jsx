// The rule as nested cards: groups with their conditions, each with the same row of buttons.
import { useContext, useId } from "preact/hooks";
import { Builder, useVocabulary, useWords } from "./context.js";
import { EDITORS } from "./editors.jsx";
import { Icon } from "./icon.jsx";
import { only } from "./opens.js";
import * as tree from "./tree.js";

export function Node({ node, path }) {
  const isNegated = "not" in node;
  const inner = isNegated ? node.not : node;
  const here = isNegated ? [...path, "not"] : path;
  // Twice "not" is shown as it is written: one card within the other.
  if (isNegated && "not" in inner) return <Negation path={path} inner={inner} />;
  const group = tree.groupOf(inner);
  return group
    ? <Group node={inner} kind={group} path={here} outer={path} isNegated={isNegated} />
    : <Leaf node={inner} path={here} outer={path} isNegated={isNegated} />;
}

function Negation({ path, inner }) {
  const words = useWords();
  return (
    <div class="ts-group ts-negated" role="group" aria-label={words.not} data-node={tree.pointer(path)}>
      <div class="ts-node-head"><span class="ts-not">{words.not}</span><Acts path={path} name={words.not} isNegated /></div>
      <Node node={inner} path={[...path, "not"]} />
    </div>
  );
}

function Group({ node, kind, path, outer, isNegated }) {
  const { change, folded, fold, owner } = useContext(Builder);
  const words = useWords();
  const list = [...path, kind];
  const pointer = tree.pointer(path);
  // The box stays the same one, so that letters typed one after the other choose in it.
  const word = (next) => change(path, { [next]: node[kind] });
  // What is wrong within is never hidden.
  const isFolded = folded.has(node) && !`${owner}/`.startsWith(`${pointer}/`);
  return (
    <div class={`ts-group ts-group-${kind} ${isNegated ? "ts-negated" : ""}`} role="group" aria-label={`${words.group}: ${words[kind]}`} data-node={tree.pointer(outer)} data-inner={pointer}>
      <div class="ts-node-head">
        {isNegated && <span class="ts-not">{words.not}</span>}
        {path.length > 0 && (
          <button type="button" class="ts-mini" data-part="fold" aria-expanded={isFolded ? "false" : "true"} title={isFolded ? words.unfold : words.fold}
            aria-label={`${isFolded ? words.unfold : words.fold} — ${words.group}: ${words[kind]}`} onClick={() => fold(node)}>
            <Icon name={isFolded ? "chevron_right" : "expand_more"} />
          </button>
        )}
        <select class="ts-in ts-joint" aria-label={words.joined} data-part="kind" value={kind} onChange={(event) => word(event.target.value)}>
          <option value="all">{words.all}</option>
          <option value="any">{words.any}</option>
        </select>
        <Acts path={outer} inner={path} name={`${words.group}: ${words[kind]}`} isNegated={isNegated} />
      </div>
      <Problem pointer={pointer} outer={tree.pointer(outer)} />
      {isFolded && <p class="ts-note">{words.folded} {node[kind].length}</p>}
      {node[kind].length === 0 && <p class="ts-note">{words.empty_group}</p>}
      {!isFolded && (
        <>
          <ul class="ts-children">
            {node[kind].map((child, place) => (
              <li key={`${place}/${node[kind].length}`}><Node node={child} path={[...list, place]} /></li>
            ))}
          </ul>
          <Adder list={list} />
        </>
      )}
    </div>
  );
}

function Leaf({ node, path, outer, isNegated }) {
  const { change } = useContext(Builder);
  const { kinds, words } = useVocabulary();
  const kind = kinds.find((one) => one.key === tree.kindOf(node, kinds));
  const pointer = tree.pointer(path);
  const become = (key) => change(path, kinds.find((one) => one.key === key).new);
  return (
    <div class={`ts-leaf ${isNegated ? "ts-negated" : ""}`} role="group" aria-label={`${words.condition}: ${kind.label}`} data-node={tree.pointer(outer)} data-inner={pointer}>
      <div class="ts-node-head">
        {isNegated && <span class="ts-not">{words.not}</span>}
        <select class="ts-in ts-kind" aria-label={words.kind} data-part="kind" value={kind.key} onChange={(event) => become(event.target.value)}>
          {kinds.map((one) => <option key={one.key} value={one.key}>{one.label}</option>)}
        </select>
        <Acts path={outer} inner={path} name={`${words.condition}: ${kind.label}`} isNegated={isNegated} />
      </div>
      <div class="ts-slots">
        {kind.slots.map((slot) => (
          <Slot key={slot.at ?? slot.keys[0]} slot={slot} node={node} pointer={pointer} change={(next) => change(path, next)} />
        ))}
      </div>
      <Problem pointer={pointer} outer={tree.pointer(outer)} />
    </div>
  );
}

function Slot({ slot, node, pointer, change }) {
  const { View } = EDITORS[slot.editor];
  const set = (value) => {
    if (slot.at) return change(tree.put(node, [slot.at], value));
    // The keys stay where they were written; new ones come last.
    const rest = Object.fromEntries(Object.entries(node).filter(([key]) => !slot.keys.includes(key) || key in value));
    return change({ ...rest, ...value });
  };
  return (
    <View slot={slot} value={slot.at ? node[slot.at] : only(node, slot.keys)} onChange={set}
      pointer={slot.at ? `${pointer}/${slot.at}` : pointer} event={node.event} />
  );
}

/** What every card can do. `inner` is the condition below its own "not". */
function Acts({ path, inner = path, name, isNegated }) {
  const { act, rule } = useContext(Builder);
  const words = useWords();
  const run = (part, verb) => () => act((newest) => ({ ...verb(newest, path), part }));
  const button = (part, sign, label, verb, isOff = false) => (
    <button type="button" class="ts-mini" data-part={part} aria-label={`${label} — ${name}`} title={label} aria-disabled={isOff || undefined}
      onClick={isOff ? undefined : run(part, verb)}><Icon name={sign} /></button>
  );
  return (
    <span class="ts-acts-small" role="toolbar" aria-label={name}>
      <button type="button" class="ts-mini" data-part="not" aria-pressed={isNegated ? "true" : "false"} title={words.negate}
        aria-label={`${words.negate} — ${name}`} onClick={run("not", tree.negate)}>{words.not}</button>
      {button("up", "arrow_upward", words.up, (all, at) => tree.move(all, at, -1), !tree.move(rule, path, -1))}
      {button("down", "arrow_downward", words.down, (all, at) => tree.move(all, at, 1), !tree.move(rule, path, 1))}
      {button("duplicate", "content_copy", words.duplicate, tree.duplicate)}
      {tree.mayUnwrap(rule, inner)
        ? button("wrap", "open_in_full", words.unwrap, (all) => tree.unwrap(all, inner))
        : button("wrap", "library_add", words.wrap, tree.wrap)}
      {button("remove", "close", words.remove, tree.remove)}
    </span>
  );
}

function Adder({ list }) {
  const { act } = useContext(Builder);
  const { kinds, words } = useVocabulary();
  const id = useId();
  const add = (node) => (event) => {
    event.target.closest("[popover]").hidePopover();
    act((rule) => ({ ...tree.add(rule, list, node), part: "kind" }));
  };
  const group = { any: [kinds[0].new] };
  return (
    <div class="ts-adder">
      <button type="button" class="ts-button ts-button-small" popovertarget={id} data-part="add">+ {words.add}</button>
      <div id={id} popover="auto" class="ts-menu" aria-label={words.add}>
        {kinds.map((kind) => <button key={kind.key} type="button" class="ts-menu-item" onClick={add(kind.new)}>{kind.label}</button>)}
        <button type="button" class="ts-menu-item ts-menu-last" onClick={add(group)}>{words.add_group}</button>
      </div>
    </div>
  );
}

/** What is wrong at this card and at no card within it. */
function Problem({ pointer, outer }) {
  const { problem, owner } = useContext(Builder);
  if (problem === null || (owner !== pointer && owner !== outer)) return null;
  return <p class="ts-problem" id="ts-rule-problem" role="alert">{problem.sentence}</p>;
}

/** The innermost card that a pointer of the server lies in. */
export function ownerOf(rule, pointer, kinds, path = []) {
  const node = tree.at(rule, path);
  const kind = tree.kindOf(node, kinds);
  const children = kind === "not" ? [[...path, "not"]] : (node?.[kind] instanceof Array && ["all", "any"].includes(kind)) ? node[kind].map((_child, place) => [...path, kind, place]) : [];
  const next = children.find((child) => `${pointer}/`.startsWith(`${tree.pointer(child)}/`));
  return next ? ownerOf(rule, pointer, kinds, next) : tree.pointer(path);
}
