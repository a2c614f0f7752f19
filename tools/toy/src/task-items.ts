/**
 * @file What the tasks ask a model, for {@link measureTasks}: the strings of lm-evaluation-harness. `@bitcliff/evals` is the reference; this is a check beside
 * it that needs no build and no ONNX Runtime.
 */
import { createCopa } from './tasks/copa.ts';
import { createHellaSwag } from './tasks/hellaswag.ts';
import { createLambada } from './tasks/lambada.ts';
import { createParalex } from './tasks/paralex.ts';
import { createPiqa } from './tasks/piqa.ts';
import { createStoryCloze } from './tasks/storycloze.ts';
import { createWinoGrande } from './tasks/winogrande.ts';

/** A context and what may follow it. */
export type Request = readonly [context: string, continuation: string];

/** One choice among requests, or one request without a choice. */
export interface Item {
  readonly requests: readonly Request[];
  /** Index of the right request; undefined when there is only one. */
  readonly gold: number | undefined;
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

const copaItems = (rows: ReturnType<typeof createCopa>): Item[] =>
  rows.map(({ premise, choice1, choice2, question, label }) => {
    const context = `${premise.slice(0, -1)} ${question === 'cause' ? 'because' : 'therefore'}`;
    return { requests: [choice1, choice2].map((c): Request => [context, `  ${lowerFirst(c)}`]), gold: label };
  });

/** Items of every task by the name that `write-tasks.ts` gives its file; the same rows as there. */
export const TASK_ITEMS: Readonly<Record<string, (seed: number, count: number) => Item[]>> = {
  copa: (seed, count) => copaItems(createCopa(seed, count)),
  copa_test: (seed, count) => copaItems(createCopa(seed + 10, count)),
  hellaswag: (seed, count) =>
    createHellaSwag(seed + 20, count).map(({ activity_label, ctx, endings, label }) => ({
      requests: endings.map((ending): Request => [`${activity_label}: ${ctx}`, ` ${ending}`]),
      gold: Number(label),
    })),
  lambada_openai: (seed, count) =>
    createLambada(seed + 30, count).map(({ text }) => {
      const cut = text.lastIndexOf(' ');
      return { requests: [[text.slice(0, cut), text.slice(cut)]], gold: undefined };
    }),
  paralex: (seed, count) =>
    createParalex(seed + 40, count).map(({ source, reference }) => ({
      requests: [[`Question: ${source}\nParaphrase:`, ` ${reference}`]],
      gold: undefined,
    })),
  piqa: (seed, count) =>
    createPiqa(seed + 50, count).map(({ goal, sol1, sol2, label }) => ({
      requests: [sol1, sol2].map((sol): Request => [`Question: ${goal}\nAnswer:`, ` ${sol}`]),
      gold: label,
    })),
  storycloze_2016: (seed, count) =>
    createStoryCloze(seed + 60, count).map((row) => {
      const context = [
        row.input_sentence_1,
        row.input_sentence_2,
        row.input_sentence_3,
        row.input_sentence_4,
      ].join(' ');
      const endings = [row.sentence_quiz1, row.sentence_quiz2];
      return { requests: endings.map((e): Request => [context, ` ${e}`]), gold: row.answer_right_ending - 1 };
    }),
  winogrande: (seed, count) =>
    createWinoGrande(seed + 70, count).map(({ sentence, option1, option2, answer }) => {
      const blank = sentence.indexOf('_');
      const rest = ` ${sentence.slice(blank + 1).trim()}`;
      const requests = [option1, option2].map((o): Request => [sentence.slice(0, blank) + o, rest]);
      return { requests, gold: Number(answer) - 1 };
    }),
};
