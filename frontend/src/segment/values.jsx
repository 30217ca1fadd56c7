// One value, or several, of a type: what stands on the right of a comparison.
import { useRef } from "preact/hooks";
import { useControl, useVocabulary, useWords } from "./context.js";
import { Icon } from "./icon.jsx";
import { isNumber, shown, typed } from "./numerals.js";

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const LOCAL = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/;

/** A choice out of a list of {value, label}; a value outside of it stays, marked as unknown. */
export function Choice({ value, options, onChange, pointer, label, class: extra }) {
  const words = useWords();
  const control = useControl(pointer, label);
  const known = options.some((option) => option.value === value);
  return (
    <select class={`ts-in ${extra ?? ""}`} {...control} value={value} onChange={(event) => onChange(event.target.value)}>
      {!known && <option value={value}>{value === "" ? words.choose : `${value} — ${words.unknown}`}</option>}
      {options.map((option) => (
        <option key={option.value} value={option.value}>{option.label}</option>
      ))}
    </select>
  );
}

export function TextBox({ value, onChange, pointer, label, options, wide }) {
  const control = useControl(pointer, label);
  const list = options?.length ? `list${pointer}` : undefined;
  const known = options?.find((option) => option.value === value && option.label !== value);
  return (
    <>
      <input class={`ts-in ${wide ? "ts-in-wide" : ""}`} type="text" autocomplete="off" spellcheck={false} list={list} {...control}
        value={shown(value)} onInput={(event) => onChange(event.target.value)} />
      {known && <span class="ts-unit">{known.label}</span>}
      {list && (
        <datalist id={list}>
          {options.map((option) => <option key={option.value} value={option.value}>{option.label}</option>)}
        </datalist>
      )}
    </>
  );
}

/** A number as it is typed; what is none yet stays as text, which the server refuses. */
export function NumberBox({ value, onChange, pointer, label, unit }) {
  const control = useControl(pointer, label);
  return (
    <span class="ts-with-unit">
      <input class="ts-in ts-in-number" type="text" inputmode="decimal" autocomplete="off" {...control}
        value={shown(value)} onInput={(event) => onChange(typed(event.target.value))} />
      {unit && <span class="ts-unit">{unit}</span>}
    </span>
  );
}

/** A day, a local time, or an instant with its offset. */
export function Moment({ value, onChange, pointer, label, daysOnly }) {
  const { offset, today, words } = useVocabulary();
  const control = useControl(pointer, label);
  const text = String(value ?? "");
  const form = DAY.test(text) || text === "" ? "day" : LOCAL.test(text) ? "local" : "instant";
  const input = { day: "date", local: "datetime-local", instant: "text" }[form];
  const become = (wanted) => {
    const day = text.slice(0, 10) || today;
    const time = text.slice(11, 19) || "00:00:00";
    onChange({ day, local: `${day}T${time}`, instant: `${day}T${time}${offset}` }[wanted]);
  };
  return (
    <span class="ts-pair">
      <input class="ts-in" type={input} step={form === "local" ? 1 : undefined} {...control} value={text}
        onInput={(event) => onChange(event.target.value)} />
      {!daysOnly && (
        <select class="ts-in" aria-label={`${label}: ${words.precision}`} value={form} onChange={(event) => become(event.target.value)}>
          {["day", "local", "instant"].map((one) => <option key={one} value={one}>{words[one]}</option>)}
        </select>
      )}
    </span>
  );
}

/** Some out of a few choices. */
export function Several({ value, options, onChange, pointer, label }) {
  const control = useControl(pointer, undefined);
  const chosen = Array.isArray(value) ? value : [];
  const unknown = chosen.filter((one) => !options.some((option) => option.value === one));
  const toggle = (one) =>
    onChange(chosen.includes(one) ? chosen.filter((other) => other !== one) : [...chosen, one]);
  return (
    <fieldset class="ts-several" {...control}>
      <legend class="ts-hidden">{label}</legend>
      {[...options, ...unknown.map((one) => ({ value: one, label: String(one) }))].map((option) => (
        <label key={option.value} class="ts-tick">
          <input type="checkbox" checked={chosen.includes(option.value)} onChange={() => toggle(option.value)} />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}

/** One value of a field's or property's type. */
export function Single({ type, choices, ...rest }) {
  const words = useWords();
  switch (type) {
    case "number":
      return <NumberBox {...rest} />;
    case "boolean": {
      const options = [{ value: "true", label: words.yes }, { value: "false", label: words.no }];
      return <Choice {...rest} value={String(rest.value ?? "")} options={options} onChange={(text) => rest.onChange(text === "true")} />;
    }
    case "date":
      return <Moment {...rest} daysOnly />;
    case "datetime":
      return <Moment {...rest} />;
    default:
      return choices?.length && type !== "text"
        ? <Choice {...rest} options={choices} />
        : <TextBox {...rest} options={choices} />;
  }
}

/** A list of values, each in its own box. */
function Listed({ value, onChange, pointer, label, ...of }) {
  const words = useWords();
  const box = useRef(null);
  const control = useControl(pointer, undefined);
  const list = Array.isArray(value) ? value : [];
  const focus = (place) => requestAnimationFrame(() => box.current?.querySelectorAll("[data-value]")[place]?.querySelector("input, select")?.focus());
  const add = () => {
    onChange([...list, ""]);
    focus(list.length);
  };
  const drop = (place) => {
    onChange(list.filter((_one, other) => other !== place));
    focus(Math.max(place - 1, 0));
  };
  return (
    <span class="ts-values" role="group" {...control} aria-label={label} ref={box}>
      {list.map((one, place) => (
        <span class="ts-value" data-value key={place}>
          <Single {...of} value={one} label={`${label} ${place + 1}`} pointer={`${pointer}/${place}`}
            onChange={(next) => onChange(list.map((old, other) => (other === place ? next : old)))} />
          {list.length > 1 && <button type="button" class="ts-mini" aria-label={`${words.remove}: ${label} ${place + 1}`} onClick={() => drop(place)}><Icon name="close" /></button>}
        </span>
      ))}
      <button type="button" class="ts-mini" aria-label={words.add_value} title={words.add_value} onClick={add}><Icon name="add" /></button>
    </span>
  );
}

/** The right side of a comparison, by the operator's shape: none, days, one, pair, list. */
export function Operand({ operand, value, onChange, pointer, type, choices, unit }) {
  const words = useWords();
  const of = { type, choices, unit };
  switch (operand) {
    case "none":
      return null;
    case "days":
      return <NumberBox value={value ?? 0} onChange={onChange} pointer={pointer} label={words.value} unit={words.days} />;
    case "pair": {
      const pair = Array.isArray(value) ? value : ["", ""];
      return (
        <span class="ts-pair">
          <Single {...of} unit={undefined} value={pair[0]} label={words.from} pointer={`${pointer}/0`} onChange={(one) => onChange([one, pair[1]])} />
          <span aria-hidden="true">–</span>
          <Single {...of} value={pair[1]} label={words.to} pointer={`${pointer}/1`} onChange={(one) => onChange([pair[0], one])} />
        </span>
      );
    }
    case "list":
      return choices?.length
        ? <Several value={value} options={choices} onChange={onChange} pointer={pointer} label={words.value} />
        : <Listed {...of} value={value} onChange={onChange} pointer={pointer} label={words.value} />;
    default:
      return <Single {...of} value={value} onChange={onChange} pointer={pointer} label={words.value} />;
  }
}

/** The value for another operator or type: what can be kept is kept. */
export function suited(value, operand, { type, choices }) {
  const first = Array.isArray(value) ? value[0] : value;
  const single = isFit(first, type, choices) ? first : blank(type, choices);
  switch (operand) {
    case "none":
      return undefined;
    case "days":
      return isNumber(first) ? first : 30;
    case "pair":
      return Array.isArray(value) && value.length === 2 && isFit(value[0], type, choices) ? value : [single, single];
    case "list":
      return Array.isArray(value) && isFit(first, type, choices) ? value : [single];
    default:
      return single;
  }
}

function isFit(value, type, choices) {
  switch (type) {
    case "number":
      return isNumber(value);
    case "boolean":
      return typeof value === "boolean";
    case "level":
    case "choice":
      return choices.some((one) => one.value === value);
    default:
      return typeof value === "string" && !isNumber(value) && (type === "text" || DAY.test(value.slice(0, 10)));
  }
}

function blank(type, choices) {
  switch (type) {
    case "boolean":
      return true;
    case "level":
    case "choice":
      return choices[0].value;
    default:
      return "";
  }
}

/** Whether the boxes can show this operand; text shows any single value that is not a list. */
export function operandFits(value, operand) {
  switch (operand) {
    case "none":
      return value === undefined || value === null;
    case "pair":
      return Array.isArray(value) && value.length === 2 && value.every(isPlain);
    case "list":
      return Array.isArray(value) && value.every(isPlain);
    case "days":
      return value === undefined || isPlain(value);
    default:
      return isPlain(value);
  }
}

export const isPlain = (value) => ["string", "number", "boolean"].includes(typeof value);
