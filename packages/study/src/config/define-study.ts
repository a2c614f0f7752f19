/** @file Checks and completes what a user writes to describe a study. */
import { InvalidInputError } from '@bitcliff/core';
import { BACKENDS } from '@bitcliff/kernels';
import { defineRecipe, type Recipe, resolveRecipes } from '@bitcliff/quantize';
import { z } from 'zod';
import { ANALYSES, type Study, type StudyConfig } from './study-config.ts';

const name = z.string().min(1).max(300);
const count = z.int().min(1);
const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

/** A recipe by name or whole; files are read later. */
const recipe = z
  .union([z.string().min(1), z.custom<Recipe>((value) => typeof value === 'object' && value !== null)])
  .superRefine((value, context) => {
    if (typeof value === 'string' && value.endsWith('.json')) return;
    try {
      if (typeof value === 'string') resolveRecipes([value]);
      else defineRecipe(value);
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message });
    }
  });

const metadata = z.strictObject({
  step: z.int().min(0).optional(),
  tokens: z.int().min(0).optional(),
  learningRate: z.number().min(0).optional(),
  weightDecay: z.number().min(0).optional(),
  labels: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

const checkpoint = z.union([
  z.string().min(1),
  z.strictObject({ path: z.string().min(1), name: name.optional(), metadata: metadata.optional() }),
  z.strictObject({
    path: z.string().regex(/^hf:/, 'revisions need a path that begins with hf:'),
    name: name.optional(),
    revisions: z.record(z.string().min(1), z.union([z.int().min(0), metadata])),
  }),
  z.strictObject({ pretraining: z.string().min(1), steps: z.array(z.int().min(0)).min(1).optional() }),
]);

const calibration = z.strictObject({
  name,
  source: z.string().min(1),
  samples: count.default(64),
  length: z.int().min(2).nullable().default(null),
  seed: seed.default(0),
});

const text = z.strictObject({
  name,
  file: z.string().min(1),
  sequences: count.default(20),
  length: z.int().min(2).default(256),
  seed: seed.default(0),
  lines: z.boolean().default(false),
});

const schema = z.strictObject({
  name: z
    .string()
    .regex(/^[\w-][\w.-]{0,99}$/, 'letters, digits, "_", "-" and ".": it names the file of the store'),
  title: z.string().max(1000).nullable().default(null),
  checkpoints: z.array(checkpoint).min(1),
  recipes: z.array(recipe).default([]),
  tasks: z.array(z.string().min(1)).default([]),
  data: z.string().min(1).nullable().default(null),
  define: z.array(z.string().min(1)).default([]),
  limit: count.nullable().default(null),
  seed: seed.nullable().default(null),
  skipBadRows: z.boolean().default(false),
  profile: z.enum(['lmeval', 'classic']).default('lmeval'),
  bos: z.enum(['tokenizer', 'always', 'never']).default('tokenizer'),
  rollingBos: z.enum(['once', 'lmeval']).default('once'),
  maxLength: count.nullable().default(null),
  bootstrapIterations: count.nullable().default(null),
  divergence: z.boolean().default(true),
  calibration: z.array(calibration).default([]),
  texts: z.array(text).default([]),
  analyses: z.array(z.enum(ANALYSES)).default([]),
  sensitivity: z
    .strictObject({
      by: z.enum(['matrix', 'layer', 'role']).default('matrix'),
      recipes: z.array(recipe).min(1),
    })
    .default({ by: 'matrix', recipes: ['rtn-w3g64', 'rtn-w4g64', 'rtn-w8g64'] }),
  engine: z
    .strictObject({
      memory: z.number().positive().nullable().default(null),
      threads: count.nullable().default(null),
      providers: z.array(z.string().min(1)).min(1).default(['cpu']),
      kernels: z.enum(['auto', ...BACKENDS]).default('auto'),
    })
    .prefault({}),
});

/**
 * Check a config and fill in its defaults; a config that is complete stays as it is.
 * @throws {InvalidInputError} that names every wrong field
 * @example
 * export default defineStudy({
 *   name: 'toy',
 *   checkpoints: ['checkpoints/control'],
 *   recipes: ['w8a8', 'awq-w4g128'],
 *   tasks: ['int8-paper'],
 *   data: 'data',
 *   calibration: [{ name: 'wiki', source: 'wiki.txt' }],
 * });
 */
export function defineStudy(config: StudyConfig): Study {
  const parsed = schema.safeParse(config);
  if (!parsed.success) throw wrong(z.prettifyError(parsed.error));
  const study: Study = parsed.data;
  unique(
    study.calibration.map((set) => set.name),
    'calibration',
  );
  unique(
    study.texts.map((own) => own.name),
    'texts',
  );
  unique(study.analyses, 'analyses');
  unique(study.tasks, 'tasks');
  unique(
    study.recipes.map((own) => (typeof own === 'string' ? own : own.name)),
    'recipes',
  );
  const needsText = study.analyses.find((analysis) => analysis !== 'weights');
  if (study.tasks.length > 0 && study.data === null) throw wrong('✖ tasks need their rows\n  → at data');
  if (needsText !== undefined && study.texts.length === 0)
    throw wrong(`✖ analysis "${needsText}" needs a text\n  → at texts`);
  if (study.analyses.includes('fits') && !study.analyses.includes('loss'))
    throw wrong('✖ "fits" needs "loss"\n  → at analyses');
  if (study.tasks.length + study.analyses.length === 0)
    throw wrong('✖ no tasks and no analyses: nothing to do\n  → at tasks');
  return study;
}

function unique(values: readonly string[], field: string): void {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) throw wrong(`✖ "${twice}" twice\n  → at ${field}`);
}

function wrong(problems: string): InvalidInputError {
  return new InvalidInputError({
    op: 'defineStudy',
    problem: `a field is missing or wrong\n${problems}\n`,
    expected: 'the fields of StudyConfig',
  });
}
