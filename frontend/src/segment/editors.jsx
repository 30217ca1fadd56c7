// The editors of a condition's parts. Each says which values it can show (`fits`) and shows them.
// `value` is what stands at the slot's key, or the whole condition for a slot of several keys.
import { Compared, comparedFits, everyOperator, has, isText, operandOf } from "./compared.jsx";
import { useVocabulary, useWords } from "./context.js";
import { EventName, filterFits, Measure, measureFits, Where, whereFits, Window, windowFits } from "./events.jsx";
import { Absent, Months, Steps, stepsFit } from "./sequences.jsx";
import { Choice, isPlain, NumberBox, Several, suited, TextBox } from "./values.jsx";

function Comparison({ value: node, onChange, pointer }) {
  const vocabulary = useVocabulary();
  const field = fieldOf(vocabulary, node.field);
  const operators = vocabulary.operators[field?.type ?? "text"];
  const choose = (name) => {
    const next = fieldOf(vocabulary, name);
    const allowed = vocabulary.operators[next.type];
    const op = operandOf(allowed, node.op) ? node.op : allowed[0].value;
    // A level, a day or "yes" is no text that somebody meant for another field.
    const isMeant = next.type !== "text" || field?.type === "text";
    const value = suited(isMeant ? node.value : undefined, operandOf(allowed, op), next);
    onChange(value === undefined ? { field: name, op } : { field: name, op, value });
  };
  return (
    <>
      <Choice value={field?.name ?? node.field} options={vocabulary.fields.map(({ name, label }) => ({ value: name, label }))}
        onChange={choose} pointer={`${pointer}/field`} label={vocabulary.words.field} />
      <Compared node={node} onChange={onChange} pointer={pointer} operators={operators} type={field?.type ?? "text"} choices={field?.choices} />
    </>
  );
}

const fieldOf = (vocabulary, name) =>
  vocabulary.fields.find((field) => field.name === name) ?? vocabulary.fields.find((field) => field.aliases.includes(name));

function Name({ value, onChange, pointer, slot }) {
  const { choices, words } = useVocabulary();
  return <Choice value={value} options={choices[slot.from]} onChange={onChange} pointer={pointer} label={words[slot.at] ?? words.value} class="ts-in-wide" />;
}

function Stages({ value, onChange, pointer, slot }) {
  const { choices, words } = useVocabulary();
  return <Several value={value} options={choices[slot.from]} onChange={onChange} pointer={pointer} label={words.value} />;
}

function Touch({ value: node, onChange, pointer }) {
  const { choices, words } = useVocabulary();
  return (
    <>
      <Choice value={node.journey} options={choices.journeys} onChange={(journey) => onChange({ ...node, journey })} pointer={`${pointer}/journey`} label={words.journey} class="ts-in-wide" />
      <Choice value={node.state} options={choices.states} onChange={(state) => onChange({ ...node, state })} pointer={`${pointer}/state`} label={words.state} />
    </>
  );
}

function Share({ value, onChange, pointer }) {
  const words = useWords();
  return <NumberBox value={value} onChange={onChange} pointer={pointer} label={words.value} unit={words.percent} />;
}

function Salt({ value, onChange, pointer }) {
  const words = useWords();
  return (
    <label class="ts-with-unit">
      <span class="ts-unit">{words.salt}</span>
      <TextBox value={value ?? ""} onChange={(text) => onChange(text === "" ? undefined : text)} pointer={pointer} label={words.salt} />
    </label>
  );
}

const Everyone = () => <span class="ts-word">{useWords().everyone}</span>;

/** By the name that the server's vocabulary gives them. */
export const EDITORS = {
  comparison: { View: Comparison, fits: (node, vocabulary) => has(node, ["field", "op", "value"], ["field", "op"]) && isText(node.field) && comparedFits(node, everyOperator(vocabulary)) },
  event: { View: EventName, fits: isText },
  measure: { View: Measure, fits: measureFits },
  window: { View: Window, fits: windowFits },
  where: { View: Where, fits: whereFits },
  steps: { View: Steps, fits: stepsFit },
  absent: { View: Absent, fits: (value, vocabulary) => value === undefined || filterFits(value, vocabulary) },
  months: { View: Months, fits: (value, vocabulary) => filterFits(value, vocabulary, ["months"]) && isPlain(value.months) },
  name: { View: Name, fits: isText },
  several: { View: Stages, fits: (value) => Array.isArray(value) && value.every(isText) },
  touch: { View: Touch, fits: (value) => has(value, ["journey", "state"], ["journey", "state"]) && isText(value.journey) && isText(value.state) },
  share: { View: Share, fits: isPlain },
  salt: { View: Salt, fits: (value) => value === undefined || isText(value) },
  true: { View: Everyone, fits: (value) => value === true },
};
