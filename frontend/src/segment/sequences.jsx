// Editors of several events: in order, with none in between, month after month.
import { useWords } from "./context.js";
import { EventName, filterFits, Where } from "./events.jsx";
import { Icon } from "./icon.jsx";
import { isPlain, NumberBox } from "./values.jsx";

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

export function Steps({ value: steps, onChange, pointer }) {
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

export const stepsFit = (steps, vocabulary) =>
  Array.isArray(steps) &&
  steps.every((step, place) => filterFits(step, vocabulary, place ? ["within_days"] : []) && (step.within_days === undefined || isPlain(step.within_days)));

export function Absent({ value, onChange, pointer }) {
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

export function Months({ value: node, onChange, pointer }) {
  const words = useWords();
  return (
    <>
      <NumberBox value={node.months} onChange={(months) => onChange({ ...node, months })} pointer={`${pointer}/months`} label={words.months} unit={words.months} />
      <Filter node={node} onChange={onChange} pointer={pointer} />
    </>
  );
}
