// JSON without loss: a number that JavaScript would spell otherwise (1.0, 1e22, twenty digits) is
// kept as its text. The mark begins with NUL, which no rule may contain.
const MARK = "\u0000#";
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARKED = /"\\u0000#([^"]*)"/g;
const WHOLE = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const PLAIN_LIST = /\[\s+[^[\]{}]*?\]/g;

/** The value of a JSON text. Throws SyntaxError. */
export function read(text) {
  return JSON.parse(
    text.replace(TOKENS, (token) =>
      token.startsWith('"') || String(Number(token)) === token ? token : `"\\u0000#${token}"`,
    ),
  );
}

/** JSON as the server spells it: indented, but lists of plain values on one line. */
export function write(value) {
  return JSON.stringify(value, null, 2)
    .replace(MARKED, "$1")
    .replace(PLAIN_LIST, (list) => list.replace(/\s*\n\s*/g, " "));
}

export const isNumber = (value) => typeof value === "number" || isMarked(value);

const isMarked = (value) => typeof value === "string" && value.startsWith(MARK);

/** A number, or half of one, as it stands in a box. */
export const shown = (value) => (isMarked(value) ? value.slice(MARK.length) : String(value ?? ""));

/** What was typed: a number where it is one, otherwise the text, which the server then refuses. */
export function typed(text) {
  const bare = text.trim().replaceAll(",", "");
  if (!WHOLE.test(bare)) return text;
  return String(Number(bare)) === bare ? Number(bare) : MARK + bare;
}
