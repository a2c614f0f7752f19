/**
 * WikiText's running text cut into pages: a page begins at a heading of the first level (` = Title = `, not ` = = Section = = `).
 * @returns columns `page`, lines joined as they were, and the line, from 1, that each begins on; pages of whitespace alone are left out
 * @see EleutherAI/wikitext_document_level, which cuts at the same lines
 */
export function splitPages(text: string): { columns: { page: string }; line: number }[] {
  const pages: { columns: { page: string }; line: number }[] = [];
  let start = 0;
  const lines = text.split('\n');
  const close = (end: number): void => {
    const page = lines.slice(start, end).join('\n');
    if (page.trim() !== '') pages.push({ columns: { page }, line: start + 1 });
    start = end;
  };
  for (const [i, line] of lines.entries()) if (isHeading(line)) close(i);
  close(lines.length);
  return pages;
}

function isHeading(line: string): boolean {
  const joined = line.replaceAll('= = =', '===').replaceAll('= =', '==').trim();
  return joined.startsWith('= ') && joined.endsWith(' =');
}
