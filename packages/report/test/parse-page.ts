/** @file Reads a report's HTML back with an HTML parser of its own: a few lines that know nothing of how it was written, beyond table tags. */

/** A cell as a reader sees it. */
export interface ReadCell {
  readonly text: string;
  /** Address of its link, `null` without one. */
  readonly href: string | null;
}

/** A table as a reader sees it. */
export interface ReadTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly ReadCell[])[];
}

/** All tables by the id of what holds them, such as `table-scores`. */
export function readTables(html: string): Map<string, ReadTable> {
  const tables = [...html.matchAll(/<details id="([^"]*)"[\s\S]*?<table>([\s\S]*?)<\/table>/g)];
  return new Map(
    tables.map(([, id, body]) => {
      const [head, rows] = body!.split('<tbody>');
      return [
        id!,
        {
          head: head!
            .split(/<th(?=[ >])/)
            .slice(1)
            .map((cell) => textOf(`<th${cell}`)),
          rows: rows!
            .split('<tr>')
            .slice(1)
            .map((row) =>
              row
                .split('<td')
                .slice(1)
                .map((cell) => ({
                  text: textOf(`<td${cell}`),
                  href: /<a href="([^"]*)"/.exec(cell)?.[1] ?? null,
                })),
            ),
        },
      ];
    }),
  );
}

/** Run keys by the anchors of the sources. */
export function readRuns(html: string): Map<string, string[]> {
  const runs = new Map<string, string[]>();
  for (const [, id, key] of html.matchAll(
    /<div class="run" id="(r\d+)">[\s\S]*?key <code>([0-9a-f]+)<\/code>/g,
  ))
    runs.set(`#${id}`, [key!]);
  for (const [, id, links] of html.matchAll(
    /<div class="run" id="(s\d+)">Computed from ([\s\S]*?)<\/div>/g,
  )) {
    runs.set(
      `#${id}`,
      [...links!.matchAll(/href="(#r\d+)"/g)].flatMap(([, href]) => runs.get(href!)!),
    );
  }
  return runs;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

/** Text content. */
export function textOf(html: string): string {
  return html
    .replace(/<[^>]*>/g, '')
    .replace(/&(lt|gt|quot|#39|amp);/g, (entity) => ENTITIES[entity]!)
    .trim();
}
