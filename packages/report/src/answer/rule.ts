import type { Sentence } from '../report.ts';
import type { StudyView } from '../view/study-view.ts';

/** Sentences that follow from records; none where they cannot tell. */
export type Rule = (view: StudyView) => Sentence[];
