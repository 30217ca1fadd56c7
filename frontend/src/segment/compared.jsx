// An operator with what stands on its right; and the tests that the editors share.
import { useWords } from "./context.js";
import { isNumber } from "./numerals.js";
import { isObject } from "./tree.js";
import { Choice, Operand, operandFits, suited } from "./values.jsx";

export const isText = (value) => typeof value === "string" && !isNumber(value);

/** An object with no keys but these, and all that are needed. */
export const has = (object, allowed, needed) =>
  isObject(object) && Object.keys(object).every((key) => allowed.includes(key)) && needed.every((key) => key in object);

export const operandOf = (operators, op) => operators.find((one) => one.value === op)?.operand;
export const everyOperator = (vocabulary) => Object.values(vocabulary.operators).flat();

export function Compared({ node, onChange, pointer, operators, type, choices, unit }) {
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

export const comparedFits = (node, operators) =>
  isText(node.op) && operandFits(node.value, operandOf(operators, node.op) ?? "one");
