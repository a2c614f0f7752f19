import type { Section } from '../report.ts';
import { cell } from '../view/cell.ts';
import type { StudyView } from '../view/study-view.ts';

/** What did not succeed. */
export function missingSection({ failures }: StudyView): Section | null {
  if (failures.length === 0) return null;
  return {
    id: 'failures',
    title: 'What failed',
    text: 'Work that ended with an error. Nothing of it is in the other tables.',
    figures: [],
    tables: [
      {
        id: 'failures',
        title: 'Failures',
        columns: [{ label: 'job' }, { label: 'error' }],
        rows: failures.map(({ job, error }) => [cell(job), cell(error)]),
        notes: [],
      },
    ],
  };
}
