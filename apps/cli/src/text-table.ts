/**
 * A table as plain text: the first column to the left, the others to the right, a rule under the head and above the last rows.
 * @param rows cells; every row as long as the head
 * @param footer how many rows at the end stand under a second rule. @default 0
 */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[], footer = 0): string {
  const widths = head.map((cell, c) => Math.max(cell.length, ...rows.map((row) => row[c]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  const body = rows.map(line);
  if (footer > 0) body.splice(body.length - footer, 0, rule);
  return `${[line(head), rule, ...body].join('\n')}\n`;
}
