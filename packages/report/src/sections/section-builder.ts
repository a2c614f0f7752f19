import type { Section } from '../report.ts';
import type { StudyView } from '../view/study-view.ts';

/** Makes a section when its records exist. */
export type SectionBuilder = (view: StudyView) => Section | null;
