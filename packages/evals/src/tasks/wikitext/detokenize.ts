import { PY_WHITESPACE } from '../../text/whitespace.ts';

const SPACE = `[${PY_WHITESPACE}]*`;

/** Text between two marks without the space at its ends: `( a )` to `(a)`. */
function tight(open: string, inside: string, close: string): RegExp {
  return new RegExp(`${open}${SPACE}(${inside}*?)${SPACE}${close}`, 'g');
}

const PARENTHESES = tight('\\(', '[^)]', '\\)');
const BRACKETS = tight('\\[', '[^\\]]', '\\]');
const BRACES = tight('\\{', '[^}]', '\\}');
const DOUBLE_QUOTES = tight('"', '[^"]', '"');
const SINGLE_QUOTES = tight("'", "[^']", "'");

/**
 * WikiText's tokens back to plain text: the harness's steps in the harness's order, oddities included (the second step was meant as a
 * pattern and is a literal, so it never fires; a quote between words closes up on both sides).
 * @see lm_eval/tasks/wikitext/preprocess_wikitext.py `wikitext_detokenizer` @ 4e7e0d47; tasks/c4/preprocess_c4.py is the same
 */
export function detokenize(text: string): string {
  let s = text.replaceAll("s '", "s'").replaceAll(/\/' [0-9]\//g, "/'[0-9]/");
  for (const mark of ['-', ',', '.']) s = s.replaceAll(` @${mark}@ `, mark);
  for (const [spaced, mark] of [
    [' : ', ': '],
    [' ; ', '; '],
    [' . ', '. '],
    [' ! ', '! '],
    [' ? ', '? '],
    [' , ', ', '],
  ] as const) {
    s = s.replaceAll(spaced, mark);
  }
  s = s
    .replace(PARENTHESES, '($1)')
    .replace(BRACKETS, '[$1]')
    .replace(BRACES, '{$1}')
    .replace(DOUBLE_QUOTES, '"$1"')
    .replace(SINGLE_QUOTES, "'$1'");
  for (const [spaced, plain] of [
    ['= = = =', '===='],
    ['= = =', '==='],
    ['= =', '=='],
    [' \u00b0 ', '\u00b0'],
    [' \n', '\n'],
    ['\n ', '\n'],
    [' N ', ' 1 '],
    [" 's", "'s"],
  ] as const) {
    s = s.replaceAll(spaced, plain);
  }
  return s;
}
