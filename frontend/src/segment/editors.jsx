// The editors of a condition's parts. Each says which values it can show (`fits`) and shows them.
// `value` is what stands at the slot's key, or the whole condition for a slot of several keys.
import { useState } from "preact/hooks";
import { useVocabulary, useWords } from "./context.js";
import { Icon } from "./icon.jsx";
import { isNumber } from "./numerals.js";
import { isObject } from "./tree.js";
import { Choice, isPlain, Moment, NumberBox, Operand, operandFits, Several, suited, TextBox } from "./values.jsx";

const isText = (value) => typeof value === "string" && !isNumber(value);
const has = (object, allowed, needed) =>
  isObject(object) && Object.keys(object).every((key) => allowed.includes(key)) && needed.every((key) => key in object);

const operandOf = (operators, op) => operators.find((one) => one.value === op)?.operand;
const everyOperator = (vocabulary) => Object.values(vocabulary.operators).flat();

// Operator and value ---------------------------------------------------------------------------

function Compared({ node, onChange, pointer, operators, type, choices, unit }) {
  const words = useWords();
  const operand = operandOf(operators, node.op) ?? "one";
  const choose = (op) => {
    const { value, ...rest } = node;
    const next = suited(value, operandOf(operators, op), { type, choices });
    onChange(next === undefined ? { ...rest, op } : { ...rest, op, value: next });
  };
  return (
    <>
      <Choice value={node.op} options={operators} onChange={choose} pointer={`${pointer}/op`} label={words.operator} />
      <Operand operand={operand} value={node.value} onChange={(value) => onChange({ ...node, value })}
        pointer={`${pointer}/value`} type={type} choices={choices} unit={unit} />
    </>
  );
}

const comparedFits = (node, operators) =>
  isText(node.op) && operandFits(node.value, operandOf(operators, node.op) ?? "one");

// Customer's field -----------------------------------------------------------------------------

function Comparison({ value: node, onChange, pointer }) {
  const vocabulary = useVocabulary();
  const field = fieldOf(vocabulary, node.field);
  const operators = vocabulary.operators[field?.type ?? "text"];
  const choose = (name) => {
    const next = fieldOf(vocabulary, name);
    const allowed = vocabulary.operators[next.type];
    const op = operandOf(allowed, node.op) ? node.op : allowed[0].value;
    const value = suited(node.value, operandOf(allowed, op), next);
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

// Events ---------------------------------------------------------------------------------------

function EventName({ value, onChange, pointer }) {
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

function Where({ value, onChange, pointer, event }) {
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

const whereFits = (value, vocabulary) =>
  value === undefined ||
  (Array.isArray(value) &&
    value.every((one) => has(one, ["property", "op", "value"], ["property", "op"]) && isText(one.property) && comparedFits(one, everyOperator(vocabulary))));

const filterFits = (node, vocabulary, more = []) =>
  has(node, ["event", "where", ...more], ["event"]) && isText(node.event) && whereFits(node.where, vocabulary);

/** How often, or what is made of a number that the events carry. */
function Measure({ value: node, onChange, pointer, event }) {
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

const measureFits = ({ count, aggregate }, vocabulary) =>
  (count === undefined || (has(count, ["op", "value"], ["op", "value"]) && comparedFits(count, vocabulary.counting))) &&
  (aggregate === undefined ||
    (has(aggregate, ["of", "fn", "op", "value"], ["of", "fn", "op", "value"]) && isText(aggregate.of) && isText(aggregate.fn) && comparedFits(aggregate, vocabulary.counting))) &&
  (count === undefined || aggregate === undefined);

function Window({ value: node, onChange, pointer }) {
  const words = useWords();
  const { within_days: days, within, ...rest } = node;
  const chosen = days !== undefined ? "rolling" : within !== undefined ? "fixed" : "always";
  const options = ["always", "rolling", "fixed"].map((one) => ({ value: one, label: words[one] }));
  const today = new Date().toISOString().slice(0, 10);
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

const windowFits = ({ within_days: days, within }) =>
  (days === undefined || isPlain(days)) &&
  (within === undefined || (has(within, ["from", "to"], []) && Object.values(within).every(isText))) &&
  (days === undefined || within === undefined);

// Sequences and months -------------------------------------------------------------------------

function Filter({ node, onChange, pointer }) {
  const set = (key) => (value) => {
    const { [key]: _old, ...rest } = node;
    onChange(value === undefined ? rest : { ...node, [key]: value });
  };
  return (
    <>
      <EventName value={node.event} onChange={set("event")} pointer={`${pointer}/event`} />
      <Where value={node.where} onChange={set("where")} pointer={`${pointer}/where`} event={node.event} />
    </>
  );
}

function Distance({ days, onChange, pointer }) {
  const words = useWords();
  const isLimited = days !== undefined;
  return (
    <span class="ts-pair">
      <select class="ts-in" aria-label={words.within} value={isLimited ? "limited" : "free"} onChange={(event) => onChange(event.target.value === "limited" ? 7 : undefined)}>
        <option value="free">{words.no_limit}</option>
        <option value="limited">{words.within}</option>
      </select>
      {isLimited && <NumberBox value={days} onChange={onChange} pointer={`${pointer}/within_days`} label={words.days} unit={words.days} />}
    </span>
  );
}

function Steps({ value: steps, onChange, pointer }) {
  const words = useWords();
  const set = (next) => onChange(next.map((step, place) => (place ? step : unlimited(step))));
  const swap = (place, other) => set(steps.map((step, here) => (here === place ? steps[other] : here === other ? steps[place] : step)));
  return (
    <ol class="ts-steps">
      {steps.map((step, place) => {
        const { within_days: days, ...filter } = step;
        const change = (next) => set(steps.map((old, other) => (other === place ? next : old)));
        const name = `${words.step} ${place + 1}`;
        return (
          <li class="ts-row" key={`${place}/${steps.length}`}>
            <span class="ts-word">{name}</span>
            {place > 0 && (
              <Distance days={days} pointer={`${pointer}/${place}`}
                onChange={(next) => change(next === undefined ? filter : { ...step, within_days: next })} />
            )}
            <Filter node={step} onChange={change} pointer={`${pointer}/${place}`} />
            <span class="ts-acts-small">
              {place > 0 && <button type="button" class="ts-mini" aria-label={`${words.up}: ${name}`} onClick={() => swap(place, place - 1)}><Icon name="arrow_upward" /></button>}
              {place < steps.length - 1 && <button type="button" class="ts-mini" aria-label={`${words.down}: ${name}`} onClick={() => swap(place, place + 1)}><Icon name="arrow_downward" /></button>}
              {steps.length > 2 && <button type="button" class="ts-mini" aria-label={`${words.remove}: ${name}`} onClick={() => set(steps.filter((_one, other) => other !== place))}><Icon name="close" /></button>}
            </span>
          </li>
        );
      })}
      <li><button type="button" class="ts-mini ts-mini-word" onClick={() => set([...steps, { event: "" }])}>+ {words.add_step}</button></li>
    </ol>
  );
}

/** The first step has nothing before it to measure from. */
const unlimited = ({ within_days: _days, ...step }) => step;

const stepsFit = (steps, vocabulary) =>
  Array.isArray(steps) &&
  steps.every((step, place) => filterFits(step, vocabulary, place ? ["within_days"] : []) && (step.within_days === undefined || isPlain(step.within_days)));

function Absent({ value, onChange, pointer }) {
  const words = useWords();
  if (value === undefined) {
    return <button type="button" class="ts-mini ts-mini-word" onClick={() => onChange({ event: "" })}>+ {words.add_absent}</button>;
  }
  return (
    <div class="ts-row">
      <span class="ts-word">{words.absent}</span>
      <Filter node={value} onChange={onChange} pointer={pointer} />
      <button type="button" class="ts-mini" aria-label={`${words.remove}: ${words.absent}`} onClick={() => onChange(undefined)}><Icon name="close" /></button>
    </div>
  );
}

function Months({ value: node, onChange, pointer }) {
  const words = useWords();
  return (
    <>
      <NumberBox value={node.months} onChange={(months) => onChange({ ...node, months })} pointer={`${pointer}/months`} label={words.months} unit={words.months} />
      <Filter node={node} onChange={onChange} pointer={pointer} />
    </>
  );
}

// Belongings -----------------------------------------------------------------------------------

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
