/**
 * @file Toy rows in the columns of two public tasks: `Rowan/hellaswag` (four endings, one of them right) and
 * `EleutherAI/lambada_openai` (a passage whose last word follows from it).
 */
import { createRng } from '@bitcliff/core';
import { createStory, FILLERS, lastSentence, type Story } from './story.ts';

/** One row of `hellaswag.jsonl`. */
export interface HellaSwagRow {
  readonly ind: number;
  readonly activity_label: string;
  readonly ctx_a: string;
  readonly ctx_b: string;
  readonly ctx: string;
  readonly endings: readonly string[];
  readonly source_id: string;
  readonly split: string;
  readonly split_type: string;
  /** "0" to "3". */
  readonly label: string;
}

/** One row of `lambada_openai.jsonl`. */
export interface LambadaRow {
  readonly text: string;
}

/** Options of the task makers. */
export interface TaskOptions {
  /** Number of rows. @default 300 */
  readonly items?: number;
  /** Not the seed of the training text. @default 2001 */
  readonly seed?: number;
  /** Openings of the training stories, see {@link openingOf}: no row begins like one of them. */
  readonly seen: ReadonlySet<string>;
}

export const DEFAULT_ITEMS = 300;
export const DEFAULT_TASK_SEED = 2001;

/** What a row and a training story that contains it would have in common: every sentence up to the cue but the fillers. */
function openingOf(story: Story): string {
  return story.opening.filter((sentence) => !FILLERS.includes(sentence)).join(' ');
}

/** The openings of stories. */
export function openingsOf(stories: readonly Story[]): Set<string> {
  return new Set(stories.map(openingOf));
}

/** Stories that share no opening with the training text or with each other, in order of the seed. */
export function createUnseenStories(seed: number, count: number, seen: ReadonlySet<string>): Story[] {
  const rng = createRng(seed);
  const used = new Set<string>();
  const stories: Story[] = [];
  while (stories.length < count) {
    const story = createStory(rng);
    const opening = openingOf(story);
    if (seen.has(opening) || used.has(opening)) continue;
    used.add(opening);
    stories.push(story);
  }
  return stories;
}

/** Rows in the schema of HellaSwag; each label occurs as often as the others, up to one. */
export function createHellaSwag(options: TaskOptions): HellaSwagRow[] {
  const { items = DEFAULT_ITEMS, seed = DEFAULT_TASK_SEED, seen } = options;
  const rng = createRng(seed + 1);
  const labels = rng.shuffle(Array.from({ length: items }, (_, i) => i % 4));
  return createUnseenStories(seed, items, seen).map((story, ind) => {
    const { label: activity_label, opening, question } = story;
    const label = labels[ind]!;
    const endings: string[] = rng.shuffle([...question.wrong]);
    endings.splice(label, 0, question.ending);
    const ctx_a = opening.join(' ');
    const ctx_b = question.subject;
    return {
      ind,
      activity_label,
      ctx_a,
      ctx_b,
      ctx: `${ctx_a} ${ctx_b.charAt(0).toUpperCase()}${ctx_b.slice(1)}`,
      endings,
      source_id: `toy~${seed}~${ind}`,
      split: 'val',
      split_type: 'indomain',
      label: String(label),
    };
  });
}

/** Rows in the schema of LAMBADA: the text ends with the word to predict, without a period. */
export function createLambada(options: TaskOptions): LambadaRow[] {
  const { items = DEFAULT_ITEMS, seed = DEFAULT_TASK_SEED, seen } = options;
  return createUnseenStories(seed + 2, items, seen).map((story) => ({
    text: `${story.opening.join(' ')} ${lastSentence(story.question).slice(0, -1)}`,
  }));
}
