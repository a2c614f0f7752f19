import type { StudyRecords } from '@bitcliff/study';
import { answerOf } from './answer/rules.ts';
import type { Report, Section, Sentence } from './report.ts';
import { SECTIONS } from './sections/sections.ts';
import { createStudyView } from './view/study-view.ts';

/**
 * Make a report from the records of a study: the answer in sentences, and every table and figure whose records exist. Items of tasks are not read.
 * @param study as `openStudy` of `@bitcliff/study/node` gives it, or any other object of that shape
 * @throws {NotFoundError} when a record names a run that the study has no manifest of
 * @example
 * const report = buildReport(study);
 * console.log(renderTerminal(report, { width: 100 }));
 */
export function buildReport(study: StudyRecords): Report {
  const view = createStudyView(study);
  const answer = answerOf(view);
  const sections = SECTIONS.flatMap((section) => section(view) ?? []);
  const runs = usedRuns(answer, sections);
  return {
    name: view.name,
    title: view.title,
    answer,
    sections,
    manifests: runs.map((run) => view.manifest(run)),
    config: view.config,
  };
}

/** In the order of their first use. */
function usedRuns(answer: readonly Sentence[], sections: readonly Section[]): string[] {
  const runs = new Set<string>();
  for (const sentence of answer) for (const run of sentence.runs) runs.add(run);
  for (const { tables } of sections) {
    for (const { rows } of tables)
      for (const row of rows) for (const cell of row) for (const run of cell.runs) runs.add(run);
  }
  return [...runs];
}
