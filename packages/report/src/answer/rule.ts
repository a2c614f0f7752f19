import type { Sentence } from '../report.ts';
import type { StudyView } from '../view/study-view.ts';

/** What a rule finds: a sentence, without the name of the rule. */
export type Finding = Omit<Sentence, 'rule' | 'topic'>;

/** Sentences that follow from records; none where they cannot tell. */
export type Rule = (view: StudyView) => Finding[];
