// Editors of conditions about events: which, with what properties, how many or how much, when.
import { useState } from "preact/hooks";
import { Compared, comparedFits, everyOperator, has, isText, operandOf } from "./compared.jsx";
import { useVocabulary, useWords } from "./context.js";
import { Icon } from "./icon.jsx";
import { isNumber } from "./numerals.js";
import { Choice, isPlain, Moment, NumberBox, suited, TextBox } from "./values.jsx";

export function EventName({ value, onChange, pointer }) {
  const { events, words } = useVocabulary();
  const options = events.map(({ name, title }) => ({ value: name, label: title || name }));
  return <TextBox value={value} onChange={onChange} options={options} pointer={pointer} label={words.event} wide />;
}

const PROPERTY_TYPES = ["text", "number", "boolean", "datetime"];
const PLANNED = { integer: "number", list: "text", object: "text" };
const IN_ORDER = ["gt", "gte", "lt", "lte", "between"];
const OF_TIME = ["before", "after", "within_days", "older_than_days", "anniversary"];

/** How the server reads a property: by the operator, or else by the operand's own type. */
function typeOf({ op, value }, planned) {
  if (["contains", "starts_with", "regex"].includes(op)) return "text";
  if (OF_TIME.includes(op)) return "datetime";
  const first = Array.isArray(value) ? value[0] : value;
  if (isNumber(first)) return "number";
  if (typeof first === "boolean") return "boolean";
  if (first === undefined) return planned ?? "text";
  return IN_ORDER.includes(op) ? "datetime" : "text";
}

function Property({ node, onChange, onRemove, pointer, event, place }) {
  const { events, operators, words } = useVocabulary();
  const known = events.find((one) => one.name === event)?.properties ?? [];
  const plan = known.find((one) => one.name === node.property);
  const planned = plan && (PLANNED[plan.type] ?? plan.type);
  const told = typeOf(node, planned);
  // Half a number is text: while it is typed, the box stays what it was.
  const [kept, keep] = useState(told);
  const isTyping = kept === "number" && operandOf(operators.number, node.op) && told !== "boolean";
  const type = isTyping ? "number" : told;
  const become = (next, name = node.property) => {
    keep(next);
    const allowed = operators[next];
    const op = operandOf(allowed, node.op) ? node.op : allowed[0].value;
    const value = suited(node.value, operandOf(allowed, op), { type: next });
    onChange(value === undefined ? { property: name, op } : { property: name, op, value });
  };
  const name = (text) => {
    const found = known.find((one) => one.name === text);
    if (found) become(PLANNED[found.type] ?? found.type, text);
    else onChange({ ...node, property: text });
  };
  return (
    <div class="ts-row">
      <TextBox value={node.property} onChange={name} pointer={`${pointer}/property`} label={`${words.property} ${place + 1}`}
        options={known.map((one) => ({ value: one.name, label: one.name }))} />
      <select class="ts-in" aria-label={words.as} value={type} onChange={(change) => become(change.target.value)}>
        {PROPERTY_TYPES.map((one) => <option key={one} value={one}>{words[one]}</option>)}
      </select>
      <Compared node={node} onChange={onChange} pointer={pointer} operators={operators[type]} type={type} choices={plan?.values} />
      <button type="button" class="ts-mini" aria-label={`${words.remove}: ${words.property} ${place + 1}`} onClick={onRemove}><Icon name="close" /></button>
    </div>
  );
}

export function Where({ value, onChange, pointer, event }) {
  const words = useWords();
  const list = value ?? [];
  const set = (next) => onChange(next.length ? next : undefined);
  return (
    <div class="ts-where">
      {list.map((node, place) => (
        <div class="ts-row" key={`${place}/${list.length}`}>
          <span class="ts-word">{words.where}</span>
          <Property node={node} event={event} place={place} pointer={`${pointer}/${place}`}
            onChange={(next) => set(list.map((old, other) => (other === place ? next : old)))}
            onRemove={() => set(list.filter((_one, other) => other !== place))} />
        </div>
      ))}
      <button type="button" class="ts-mini ts-mini-word" onClick={() => set([...list, { property: "", op: "eq", value: "" }])}>
        + {words.add_where}
      </button>
    </div>
  );
}

export const whereFits = (value, vocabulary) =>
  value === undefined ||
  (Array.isArray(value) &&
    value.every((one) => has(one, ["property", "op", "value"], ["property", "op"]) && isText(one.property) && comparedFits(one, everyOperator(vocabulary))));

export const filterFits = (node, vocabulary, more = []) =>
  has(node, ["event", "where", ...more], ["event"]) && isText(node.event) && whereFits(node.where, vocabulary);

/** How often, or what is made of a number that the events carry. */
export function Measure({ value: node, onChange, pointer, event }) {
  const { counting, choices, events, words } = useVocabulary();
  const { count, aggregate, ...rest } = node;
  const chosen = aggregate ? aggregate.fn : count ? "count" : "once";
  const options = [{ value: "once", label: words.once }, { value: "count", label: words.counted }, ...choices.functions];
  const numbers = events.find((one) => one.name === event)?.properties.filter((one) => ["number", "integer"].includes(one.type)) ?? [];
  const choose = (next) => {
    const { op = "gte", value = 1 } = count ?? aggregate ?? {};
    if (next === "once") onChange(rest);
    else if (next === "count") onChange({ ...rest, count: { op, value } });
    else onChange({ ...rest, aggregate: { of: aggregate?.of ?? numbers[0]?.name ?? "amount", fn: next, op, value } });
  };
  return (
    <>
      <Choice value={chosen} options={options} onChange={choose} pointer={aggregate ? `${pointer}/aggregate/fn` : `${pointer}/count`} label={words.measure} />
      {aggregate && (
        <TextBox value={aggregate.of} onChange={(of) => onChange({ ...node, aggregate: { ...aggregate, of } })} pointer={`${pointer}/aggregate/of`}
          label={words.property} options={numbers.map((one) => ({ value: one.name, label: one.name }))} />
      )}
      {(count || aggregate) && (
        <Compared node={count ?? aggregate} operators={counting} type="number" unit={count && words.times}
          pointer={`${pointer}/${count ? "count" : "aggregate"}`}
          onChange={(next) => onChange({ ...node, [count ? "count" : "aggregate"]: next })} />
      )}
    </>
  );
}

export const measureFits = ({ count, aggregate }, vocabulary) =>
  (count === undefined || (has(count, ["op", "value"], ["op", "value"]) && comparedFits(count, vocabulary.counting))) &&
  (aggregate === undefined ||
    (has(aggregate, ["of", "fn", "op", "value"], ["of", "fn", "op", "value"]) && isText(aggregate.of) && isText(aggregate.fn) && comparedFits(aggregate, vocabulary.counting))) &&
  (count === undefined || aggregate === undefined);

export function Window({ value: node, onChange, pointer }) {
  const { today, words } = useVocabulary();
  const { within_days: days, within, ...rest } = node;
  const chosen = days !== undefined ? "rolling" : within !== undefined ? "fixed" : "always";
  const options = ["always", "rolling", "fixed"].map((one) => ({ value: one, label: words[one] }));
  const choose = (next) =>
    onChange({ always: rest, rolling: { ...rest, within_days: 30 }, fixed: { ...rest, within: { from: today } } }[next]);
  const end = (key, label) => {
    const set = (text) => {
      const { [key]: _old, ...others } = within;
      onChange({ ...rest, within: text === "" ? others : { ...within, [key]: text } });
    };
    return <Moment value={within[key] ?? ""} onChange={set} pointer={`${pointer}/within/${key}`} label={label} />;
  };
  return (
    <span class="ts-pair">
      <Choice value={chosen} options={options} onChange={choose} pointer={`${pointer}/within`} label={words.window} />
      {chosen === "rolling" && (
        <NumberBox value={days} onChange={(next) => onChange({ ...rest, within_days: next })} pointer={`${pointer}/within_days`} label={words.days} unit={words.days} />
      )}
      {chosen === "fixed" && <>{end("from", words.from)}<span aria-hidden="true">–</span>{end("to", words.to)}</>}
    </span>
  );
}

export const windowFits = ({ within_days: days, within }) =>
  (days === undefined || isPlain(days)) &&
  (within === undefined || (has(within, ["from", "to"], []) && Object.values(within).every(isText))) &&
  (days === undefined || within === undefined);
