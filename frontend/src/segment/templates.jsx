// Common segments to begin with: choose one, fill in its numbers, take it as the rule or into it.
import { useState } from "preact/hooks";
import { useVocabulary } from "./context.js";
import { isNumber, shown, typed } from "./numerals.js";
import { isObject } from "./tree.js";

const GAP = "$";

/** `use(rule)` makes it the rule, `add(rule)` one more condition of it. */
export function Templates({ use, add }) {
  const { templates, words } = useVocabulary();
  const [key, setKey] = useState(templates[0].key);
  const [values, setValues] = useState({});
  const chosen = templates.find((one) => one.key === key);
  const filledIn = Object.fromEntries(chosen.gaps.map((gap) => [gap.key, values[`${key}/${gap.key}`] ?? gap.value]));
  const set = (gap, value) => setValues((old) => ({ ...old, [`${key}/${gap.key}`]: value }));
  const isReady = Object.values(filledIn).every(isNumber);
  const finish = (verb) => (event) => {
    if (!isReady) return;
    event.target.closest("details").open = false;
    verb(filled(chosen.rule, filledIn));
  };
  return (
    <details class="ts-templates">
      <summary class="ts-button ts-button-small">{words.start_from}</summary>
      <div class="ts-templates-box">
        <select class="ts-in" aria-label={words.templates} value={key} onChange={(event) => setKey(event.target.value)}>
          {templates.map((one) => <option key={one.key} value={one.key}>{one.name}</option>)}
        </select>
        <p>{chosen.about}</p>
        {chosen.gaps.map((gap) => (
          <label class="ts-with-unit" key={`${key}/${gap.key}`}>
            <span class="ts-unit">{gap.label}</span>
            <input class="ts-in ts-in-number" type="text" inputmode="decimal" value={shown(filledIn[gap.key])} aria-invalid={isNumber(filledIn[gap.key]) ? undefined : "true"}
              onInput={(event) => set(gap, typed(event.target.value))} />
          </label>
        ))}
        <span class="ts-pair">
          <button type="button" class="ts-button ts-button-small ts-button-main" aria-disabled={!isReady || undefined} onClick={finish(use)}>{words.use}</button>
          <button type="button" class="ts-button ts-button-small" aria-disabled={!isReady || undefined} onClick={finish(add)}>{words.add_it}</button>
        </span>
      </div>
    </details>
  );
}

function filled(rule, values) {
  if (Array.isArray(rule)) return rule.map((inner) => filled(inner, values));
  if (!isObject(rule)) return rule;
  if (GAP in rule) return values[rule[GAP]];
  return Object.fromEntries(Object.entries(rule).map(([key, inner]) => [key, filled(inner, values)]));
}
