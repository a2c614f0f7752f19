/** @file Toy versions of the eight tasks of the INT8 paper, in the columns of the public data sets. */
import { createCopa } from './copa.ts';
import { createHellaSwag } from './hellaswag.ts';
import { createLambada } from './lambada.ts';
import { createParalex } from './paralex.ts';
import { createPiqa } from './piqa.ts';
import { createStoryCloze } from './storycloze.ts';
import { createWinoGrande } from './winogrande.ts';

/** Rows of every task by its file name without `.jsonl`; each has a seed of its own. */
export const TASKS: Readonly<Record<string, (seed: number, count: number) => readonly object[]>> = {
  copa: (seed, count) => createCopa(seed, count),
  copa_test: (seed, count) => createCopa(seed + 10, count),
  hellaswag: (seed, count) => createHellaSwag(seed + 20, count),
  lambada_openai: (seed, count) => createLambada(seed + 30, count),
  paralex: (seed, count) => createParalex(seed + 40, count),
  piqa: (seed, count) => createPiqa(seed + 50, count),
  storycloze_2016: (seed, count) => createStoryCloze(seed + 60, count),
  winogrande: (seed, count) => createWinoGrande(seed + 70, count),
};

export const DEFAULT_ITEMS = 500;
export const DEFAULT_TASK_SEED = 2001;
