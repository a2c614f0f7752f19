/** Text from a file without what would move a terminal's cursor, change its colours or turn the reading direction. */
export function printable(text: string): string {
  return [...text].map((char) => (isUnprintable(char.codePointAt(0)!) ? escapeOf(char) : char)).join('');
}

function isUnprintable(code: number): boolean {
  const isControl = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const isLineOrParagraph = code === 0x2028 || code === 0x2029;
  const isBidirectional = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return isControl || isLineOrParagraph || isBidirectional;
}

function escapeOf(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
