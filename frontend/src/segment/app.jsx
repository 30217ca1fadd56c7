// The form's rule in two views of one text: cards and JSON. The text box is what is saved.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { onCopy, onPaste } from "./clipboard.js";
import { Builder } from "./context.js";
import * as history from "./history.js";
import { Live, useAnswer } from "./live.jsx";
import { Node, ownerOf } from "./nodes.jsx";
import { read, write } from "./numerals.js";
import { opens } from "./opens.js";
import { Templates } from "./templates.jsx";
import * as tree from "./tree.js";
import { Why } from "./why.jsx";

export function App({ area, vocabulary, ask, askWhy }) {
  const { words } = vocabulary;
  const start = useMemo(() => decoded(area.value, vocabulary), []);
  const [text, setText] = useState(area.value);
  const [state, setState] = useState(history.begin(start));
  const [view, setView] = useState(start === undefined && area.value.trim() ? "json" : "builder");
  const [epoch, setEpoch] = useState(0);
  const root = useRef(null);
  const focus = useRef(null);
  // Groups by what they are, not by where they stand: moved or undone, each stays as it was.
  const folded = useRef(new WeakSet());
  const [, redraw] = useState(0);
  const fold = (group) => {
    if (!folded.current.delete(group)) folded.current.add(group);
    redraw((old) => old + 1);
  };
  // Two changes may come before the next picture; each is made to what the one before left.
  const newest = useRef(state);
  const rule = state.rule;
  const answer = useAnswer(ask, text);
  const problem = answer?.ok === false && answer.pointer !== null && answer.text === text ? { pointer: answer.pointer, sentence: answer.sentence } : null;

  // Before anything else can happen: the form may be sent at any time.
  useLayoutEffect(() => {
    if (area.value === text) return;
    area.value = text;
    area.dispatchEvent(new Event("change", { bubbles: true }));
  }, [text]);
  useEffect(() => {
    const typed = () => {
      setText(area.value);
      newest.current = history.record(newest.current, decoded(area.value, vocabulary), "json", Date.now());
      setState(newest.current);
      setEpoch((old) => old + 1);
    };
    area.addEventListener("input", typed);
    return () => area.removeEventListener("input", typed);
  }, []);
  useEffect(() => {
    area.closest("[data-rule-area]")?.toggleAttribute("hidden", view !== "json");
  }, [view]);
  // With the picture that the act makes: an effect that waits for the one before would take the
  // focus to a place that is about to go.
  useLayoutEffect(() => {
    if (focus.current === null) return;
    const { path, part = "kind", pointer = tree.pointer(path) } = focus.current;
    focus.current = null;
    const card = root.current.querySelector(`[data-node="${CSS.escape(pointer)}"], [data-inner="${CSS.escape(pointer)}"]`);
    const own = card && [...card.querySelectorAll("[data-part]")].filter((one) => one.closest("[data-node]") === card);
    (own?.find((one) => one.dataset.part === part) ?? own?.[0])?.focus();
  });

  const show = (next) => {
    newest.current = next;
    setState(next);
    setText(next.rule === undefined ? text : write(next.rule));
  };
  const change = (path, value) => show(history.record(newest.current, tree.put(newest.current.rule, path, value), tree.pointer(path), Date.now()));
  const act = (verb) => {
    const { rule: next, focus: path, part } = verb(newest.current.rule);
    focus.current = { path, part };
    setEpoch((old) => old + 1);
    show(history.record(newest.current, next, "", Date.now()));
  };
  const startWith = (made) => {
    setView("builder");
    act(() => ({ rule: made, focus: [], part: "kind" }));
  };
  const travel = (step) => {
    const next = step(newest.current);
    if (next === null || next.rule === undefined) return;
    setEpoch((old) => old + 1);
    show(next);
  };
  const go = (place) => {
    if (rule === undefined) return;
    setView("builder");
    const owner = ownerOf(rule, place, vocabulary.kinds);
    for (const group of tree.groupsAbove(rule, owner)) folded.current.delete(group);
    focus.current = { pointer: owner };
    setEpoch((old) => old + 1);
  };
  const onKeyDown = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    travel(key === "y" || event.shiftKey ? history.redo : history.undo);
  };

  const owner = problem && rule !== undefined ? ownerOf(rule, problem.pointer, vocabulary.kinds) : null;
  return (
    <Builder.Provider value={{ vocabulary, change, act, rule, problem, owner, folded: folded.current, fold }}>
      <div class="ts-rule-columns">
        <div class="ts-rule-main">
          <div class="ts-rule-bar">
            <Tabs view={view} setView={setView} words={words} />
            <Templates use={startWith} add={(made) => startWith(tree.joined(rule, made))} />
            <span class="ts-acts-small">
              <button type="button" class="ts-mini ts-mini-word" aria-disabled={!state.past.length || undefined} onClick={() => travel(history.undo)} title="Ctrl+Z">{words.undo}</button>
              <button type="button" class="ts-mini ts-mini-word" aria-disabled={!state.future.length || undefined} onClick={() => travel(history.redo)} title="Ctrl+Shift+Z">{words.redo}</button>
            </span>
          </div>
          <div id="ts-view-builder" role="tabpanel" aria-labelledby="ts-tab-builder" hidden={view !== "builder"} ref={root} onKeyDown={onKeyDown}
            onCopy={(event) => onCopy(event, rule)} onPaste={(event) => onPaste(event, vocabulary, act)}>
            {rule === undefined ? <Missing text={text} begin={() => startWith(vocabulary.kinds[0].new)} words={words} /> : <Node key={epoch} node={rule} path={[]} />}
            {rule !== undefined && <p class="ts-note">{words.keys}</p>}
          </div>
          <Area area={area} isShown={view === "json"} />
        </div>
        {text.trim() !== "" && (
          <aside class="ts-rule-aside" aria-label={words.selects}>
            <Live answer={answer} problem={problem} onGo={go} />
            <Why ask={(number) => askWhy(text, number)} onGo={go} />
          </aside>
        )}
      </div>
    </Builder.Provider>
  );
}

/** A text that is no rule the builder can show, or none at all where a rule is not needed. */
function Missing({ text, begin, words }) {
  if (text.trim()) return <p class="ts-problem">{words.not_shown}</p>;
  return <p class="ts-note">{words.no_rule} <button type="button" class="ts-button ts-button-small" onClick={begin}>{words.begin}</button></p>;
}

function Tabs({ view, setView, words }) {
  const names = ["builder", "json"];
  const onKeyDown = (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const next = names[1 - names.indexOf(view)];
    setView(next);
    document.getElementById(`ts-tab-${next}`).focus();
  };
  return (
    <div class="ts-tabs" role="tablist" aria-label={words.views} onKeyDown={onKeyDown}>
      {names.map((name) => (
        <button key={name} type="button" role="tab" id={`ts-tab-${name}`} aria-controls={`ts-view-${name}`} class="ts-tab"
          aria-selected={view === name ? "true" : "false"} tabindex={view === name ? 0 : -1} onClick={() => setView(name)}>{words[name]}</button>
      ))}
    </div>
  );
}

/** The form's own text box, moved here. */
function Area({ area, isShown }) {
  const place = useRef(null);
  useEffect(() => place.current.append(area), []);
  return <div id="ts-view-json" role="tabpanel" aria-labelledby="ts-tab-json" data-rule-area hidden={!isShown} ref={place} />;
}

/** The rule of a text, or undefined where the builder cannot show it. */
function decoded(text, vocabulary) {
  try {
    const rule = read(text);
    return opens(rule, vocabulary) ? rule : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
