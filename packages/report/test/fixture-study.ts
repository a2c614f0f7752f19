/**
 * @file A study that never ran: records of every kind, as large as asked, from a seeded generator. Scores and comparisons come from items by the functions
 * of @bitcliff/evals, fits by those of @bitcliff/analysis, so they hang together as those of a real study do.
 */
import { fitScalingLaw, magnitudeHistogram } from '@bitcliff/analysis';
import { createRng, NotFoundError, type Rng } from '@bitcliff/core';
import { compareResults, METRICS, type Sample, type TaskResult } from '@bitcliff/evals';
import { keepRole, MODULE_ROLES, type ModuleRole, resolveRecipes } from '@bitcliff/quantize';
import type { Manifest, RecordKind, RecordTypes, Stored, StudyRecords } from '@bitcliff/study';

/** How large the study is, and what its things are called. */
export interface FixtureOptions {
  /** Steps of the main training run. @default [500, 1000, 2000, 4000, 8000] */
  readonly steps?: readonly number[];
  /** Checkpoints beside it that differ in weight decay, dtype and size. @default 2 */
  readonly others?: number;
  /** @default ['rtn-w3g128', 'rtn-w3g128+qkv8', 'awq-w4g128', 'w8a8'] */
  readonly recipes?: readonly string[];
  /** @default ['hellaswag', 'piqa', 'lambada'] */
  readonly tasks?: readonly string[];
  /** @default 4 */
  readonly layers?: number;
  /** Of a task. @default 300 */
  readonly items?: number;
  /** Kinds of records that exist. @default all */
  readonly kinds?: readonly RecordKind[];
  /** Applied to the names of checkpoints, tasks, texts, labels and calibration sets. @default as they are */
  readonly rename?: (name: string) => string;
  /** @default 40 of 40 */
  readonly progress?: StudyRecords['progress'];
  readonly failures?: StudyRecords['failures'];
}

type Records = { [Kind in RecordKind]: Stored<RecordTypes[Kind]>[] };

/** Make the study. */
export function createFixtureStudy(options: FixtureOptions = {}): StudyRecords {
  const { rename = (name) => name, kinds } = options;
  const records = makeRecords(options, rename);
  const { manifests, stamped } = records;
  return {
    name: rename('toy-study'),
    title: rename('A study that never ran'),
    config: { checkpoints: stamped.checkpoint.map(({ path }) => path), note: rename('a note') },
    progress: options.progress ?? { done: 40, total: 40 },
    failures: options.failures ?? [],
    records: (kind) => (kinds === undefined || kinds.includes(kind) ? stamped[kind] : []) as never,
    manifest: (run) => {
      const found = manifests.get(run);
      if (found === undefined) {
        throw new NotFoundError({ op: 'manifest', problem: 'no such run', expected: 'a key', received: run });
      }
      return found;
    },
  };
}

function makeRecords(
  options: FixtureOptions,
  rename: (name: string) => string,
): { stamped: Records; manifests: Map<string, Manifest> } {
  const {
    steps = [500, 1000, 2000, 4000, 8000],
    others = 2,
    recipes: recipeNames = ['rtn-w3g128', 'rtn-w3g128+qkv8', 'awq-w4g128', 'w8a8'],
    tasks = ['hellaswag', 'piqa', 'lambada'],
    layers = 4,
    items = 300,
  } = options;
  const rng = createRng(1);
  const manifests = new Map<string, Manifest>();
  const stamped: Records = {
    checkpoint: [],
    variant: [],
    task: [],
    comparison: [],
    loss: [],
    weight: [],
    gain: [],
    activation: [],
    outlier: [],
    activationError: [],
    sensitivity: [],
    blockImportance: [],
    noise: [],
    fit: [],
  };
  const recipes = recipeNames.map((name) => {
    const [base, kept] = name.split('+');
    const [recipe] = resolveRecipes([base!]);
    return kept === undefined ? recipe! : keepRole(recipe!, 'attn.qkv', 8);
  });
  const sets = ['c4', 'noise'].map(rename);
  const variants = recipes.flatMap((recipe) => {
    if (!/awq|gptq/.test(recipe.name))
      return [{ variant: recipe.name, recipe, calibration: null as string | null }];
    return sets.map((calibration) => {
      const variant = `${recipe.name} @${calibration}`;
      return { variant, recipe: { ...recipe, name: variant }, calibration };
    });
  });
  const newRun = (kind: string, checkpoint: string, variant: string, index = manifests.size): string => {
    const run = index.toString(16).padStart(8, '0').repeat(8);
    manifests.set(run, {
      ...{ run, kind, checkpoint, variant },
      subject: {
        checkpoint,
        variant,
        kind,
        recipe: recipes.find(({ name }) => name === variant) ?? null,
        note: rename('subject'),
      },
      environment: { node: '24.0.0', threads: 2, backend: 'cpu', bitcliff: '0.0.0' },
      started: '2026-11-20T10:00:00.000Z',
      finished: '2026-11-20T10:01:30.500Z',
      seconds: 90.5,
    });
    return run;
  };
  const places = [
    ...steps.map((step) => ({ step, weightDecay: 0.1, dtype: 'bf16', size: 1 })),
    ...Array.from({ length: others }, (_, i) => ({
      step: steps.at(-1) ?? 1000,
      weightDecay: i % 2 === 0 ? 0.001 : 0.1,
      dtype: i % 2 === 0 ? 'bf16' : 'fp16',
      size: 1 + (i % 3),
    })),
  ];
  for (const [c, { step, weightDecay, dtype, size }] of places.entries()) {
    const checkpoint = rename(c < steps.length ? `control-${step}` : `other-${c - steps.length + 1}`);
    const metadata = {
      step,
      tokens: step * 8192,
      learningRate: 0.003 * (1 - (0.9 * step) / 8000),
      weightDecay,
      labels: { dtype: rename(dtype) },
    };
    const parameters = 1_000_000 * size;
    const label = { checkpoint, step };
    stamped.checkpoint.push({
      ...{
        checkpoint,
        path: rename(`models/${c}`),
        fingerprint: 'ab'.repeat(32),
        architecture: 'llama',
        layers,
      },
      ...{
        hiddenSize: 64,
        vocabularySize: 512,
        parameters,
        nonEmbeddingParameters: parameters - 65_536,
        metadata,
        run: null,
      },
    });
    const all = [{ variant: 'baseline', recipe: null, calibration: null }, ...variants];
    const harm = (recipe: (typeof recipes)[number] | null, calibration: string | null): number => {
      if (recipe === null) return 0;
      const bits = bitsOf(recipe.name);
      const kept = recipe.name.includes('+') ? 0.6 : 1;
      return (
        2 ** (3 - bits) *
        0.1 *
        kept *
        Math.sqrt(step / 8000) *
        (weightDecay < 0.01 ? 2 : 1) *
        (calibration === sets[1] ? 1.5 : 1)
      );
    };
    const results = new Map<string, TaskResult[]>();
    for (const { variant, recipe, calibration } of all) {
      const loss = harm(recipe, calibration);
      stamped.variant.push({
        checkpoint,
        variant,
        recipe,
        calibration,
        averageBits: storedBits(recipe),
        run: null,
      });
      const own = tasks.map((task, t) =>
        taskResult(rename(task), t, items, loss, `${checkpoint} ${task}`, rng),
      );
      results.set(variant, own);
      for (const { samples: _, ...result } of own) {
        stamped.task.push({
          ...result,
          checkpoint,
          variant,
          divergence: recipe === null ? null : divergence(loss),
          run: newRun('task', checkpoint, variant),
        });
      }
      if (recipe !== null) {
        const comparison = compareResults(results.get('baseline')!, own, { iterations: 100 });
        stamped.comparison.push({
          ...comparison,
          checkpoint,
          variant,
          run: newRun('comparison', checkpoint, variant),
        });
      }
      const nll = 3 - 0.1 * Math.log(step) + loss;
      const deltaNll = loss + (recipe === null ? 0 : 0.001 * rng.normal());
      stamped.loss.push({
        ...label,
        ...{
          variant,
          nll,
          deltaNll,
          kl: loss / 2,
          sameTop: 1 - loss / 2,
          score: null,
          tokens: metadata.tokens,
        },
        ...{
          learningRate: metadata.learningRate,
          parameters: parameters - 65_536,
          bits: recipe === null ? null : bitsOf(recipe.name),
        },
        ...{
          averageBits: storedBits(recipe),
          relativeNll: nll / (nll - deltaNll) - 1,
          text: rename('stories'),
        },
        run: newRun('loss', checkpoint, variant),
      });
    }
    analyses(stamped, {
      label,
      layers,
      recipes,
      variants,
      harm: (recipe) => harm(recipe, null),
      newRun,
      rng,
    });
  }
  const points = stamped.loss.flatMap(
    ({ checkpoint, variant, parameters, tokens, bits, deltaNll, learningRate }) =>
      bits === null || tokens === null
        ? []
        : [{ checkpoint, variant, parameters, tokens, bits, deltaLoss: deltaNll, learningRate }],
  );
  if (places.length > 2 && recipes.length > 0) {
    for (const law of ['ouyang', 'kumar'] as const) {
      stamped.fit.push({
        ...fitScalingLaw(law, points),
        points,
        text: rename('stories'),
        run: newRun('fit', '', ''),
      });
    }
  }
  return { stamped, manifests };
}

const bitsOf = (recipe: string): number =>
  recipe.startsWith('w8a8') ? 8 : Number(/w(\d)/.exec(recipe)?.[1] ?? 4);

const storedBits = (recipe: { readonly name: string } | null): number | null =>
  recipe === null ? null : bitsOf(recipe.name) + 0.25 + (recipe.name.includes('+') ? 1.25 : 0);

interface AnalysisContext {
  readonly label: { readonly checkpoint: string; readonly step: number };
  readonly layers: number;
  readonly recipes: readonly ReturnType<typeof resolveRecipes>[number][];
  readonly variants: readonly { readonly variant: string }[];
  harm(recipe: ReturnType<typeof resolveRecipes>[number]): number;
  newRun(kind: string, checkpoint: string, variant: string): string;
  readonly rng: Rng;
}

/** Records of all analyses of one checkpoint. */
function analyses(
  stamped: Records,
  { label, layers, recipes, variants, harm, newRun, rng }: AnalysisContext,
): void {
  const { checkpoint, step } = label;
  const run = (kind: string): string => newRun(kind, checkpoint, 'baseline');
  const runs = {
    weight: run('weights'),
    activation: run('activations'),
    sensitivity: run('sensitivity'),
    error: run('activationError'),
    noise: run('noise'),
    block: run('blockImportance'),
  };
  const wobble = (): number => 1 + 0.1 * rng.normal();
  const normal = (n: number, scale: number): Float32Array =>
    Float32Array.from({ length: n }, () => scale * rng.normal());
  for (let layer = 0; layer < layers; layer++) {
    for (const role of MODULE_ROLES) {
      const place = { ...label, layer, role };
      const std = 0.05 * wobble();
      const max = 4 * std;
      stamped.weight.push({
        ...place,
        ...{ variant: 'baseline', shape: [64, 64], histogram: bell(max, 64), error: null, run: runs.weight },
        values: { count: 4096, min: -max, max, mean: 0, std, skew: 0, kurtosis: 3 * wobble() },
        spectral: { norm: 1.5 * wobble(), iterations: 30, errorBound: 1e-6, converged: true },
      });
      const histogram = magnitudeHistogram(normal(500, 1 + layer / layers));
      stamped.activation.push({
        ...place,
        ...{
          variant: 'baseline',
          side: 'input',
          tokens: 500,
          features: 64,
          meanAbs: 0.8 * wobble(),
          meanSquare: 1.2 * wobble(),
        },
        ...{
          absMax: 3 + 5 * layer * wobble(),
          channelMax: [1, 2, 3],
          above: [
            { threshold: 1, count: 9000 + layer },
            { threshold: 6, count: 12 },
          ],
        },
        ...{
          histogram,
          meanTokenStd: 0.9 * wobble(),
          int8Rmse: 0.01 * (1 + layer) * wobble(),
          massive: [],
          run: runs.activation,
        },
      });
      for (const { variant } of variants) {
        for (const kind of ['propagated', 'local'] as const) {
          const relative =
            0.05 *
            (kind === 'local' ? 1 : 1 + layer / 2) *
            (role === 'attn.qkv' ? Math.sqrt(step / 500) : 1) *
            Math.abs(wobble());
          stamped.activationError.push({
            ...place,
            variant,
            kind,
            norm: 10 * relative,
            baselineNorm: 10,
            relative,
            run: runs.error,
          });
        }
      }
      for (const recipe of recipes) {
        const deltaNll = (harm(recipe) / layers / 4) * (role === 'mlp.down' ? 2 : 1) * wobble();
        stamped.sensitivity.push({
          ...place,
          ...{
            recipe: recipe.name,
            bits: bitsOf(recipe.name),
            storedBits: 4096 * bitsOf(recipe.name),
            nll: 3 + deltaNll,
            deltaNll,
            kl: deltaNll / 2,
            sameTop: 1 - deltaNll,
            score: null,
          },
          ...{ proxies: { weight: deltaNll * 2, gram: deltaNll * 3 }, run: runs.sensitivity },
        });
      }
    }
    for (const norm of ['attention', 'mlp'] as const) {
      const std = 0.1 * wobble();
      stamped.gain.push({
        ...label,
        layer,
        norm,
        std,
        min: 1 - 3 * std,
        max: 1 + 3 * std,
        note: null,
        histogram: bell(3 * std, 32, 1),
        run: runs.weight,
      });
    }
    stamped.blockImportance.push({
      ...label,
      layer,
      nll: 4 + layer * 0.1,
      deltaNll: 1 / (layer + 1),
      run: runs.block,
    });
  }
  const rule = {
    ...label,
    variant: 'baseline',
    role: 'attn.qkv' as ModuleRole,
    reading: 'pooled' as const,
    layerShare: 0.25,
    tokenShare: 0.06,
    samples: 20,
    run: runs.activation,
  };
  const dimension = {
    dimension: 7,
    layerFraction: 0.5,
    tokenFractionPooled: 0.4,
    tokenFractionUnion: 0.8,
    tokenFractionOfLayer: new Array<number>(layers).fill(0.4),
  };
  stamped.outlier.push({
    ...rule,
    rule: { kind: 'threshold', threshold: 6 },
    dimensions: [dimension],
    tokenFraction: 0.4,
    layerFraction: 0.5,
  });
  stamped.outlier.push({
    ...rule,
    rule: { kind: 'zScore', deviations: 4 },
    dimensions: [],
    tokenFraction: null,
    layerFraction: null,
  });
  const [noisy] = recipes;
  if (noisy === undefined) return;
  for (const [perturbation, seed] of [
    ['quantization', null],
    ['gaussian', 0],
    ['gaussian', 1],
    ['uniform', 0],
    ['uniform', 1],
  ] as const) {
    const deltaNll = harm(noisy) * (perturbation === 'quantization' ? 1.5 : 1) * wobble();
    stamped.noise.push({
      ...label,
      recipe: noisy.name,
      perturbation,
      seed,
      nll: 3 + deltaNll,
      deltaNll,
      kl: deltaNll / 2,
      sameTop: 0.9,
      score: null,
      run: runs.noise,
    });
  }
}

/** A bell-shaped histogram around a centre. */
function bell(
  half: number,
  bins: number,
  centre = 0,
): { min: number; max: number; counts: number[]; below: number; above: number } {
  const counts = Array.from({ length: bins }, (_, i) =>
    Math.round(100 * Math.exp(-(((i - bins / 2 + 0.5) / (bins / 6)) ** 2) / 2)),
  );
  return { min: centre - half, max: centre + half, counts, below: 0, above: 0 };
}

/** Answers to a task; the last one of a study is without choices, with a perplexity as its headline. */
function taskResult(task: string, index: number, n: number, loss: number, doc: string, rng: Rng): TaskResult {
  const isText = index === 2;
  const own = createRng(index * 1000 + doc.length); // the same items for every variant
  const samples = Array.from({ length: n }, (_, i): Sample => {
    const gold = own.int(4);
    const easy = own.uniform() < 0.6;
    const flips = rng.uniform() < Math.min(0.5, 1.2 * loss + (loss > 0 ? 0.02 : 0));
    const correct = flips ? rng.uniform() < (easy ? 0.15 : 0.1) : easy;
    const prediction = correct ? gold : (gold + 1) % 4;
    const logProb = -2 - own.uniform() - loss * (1 + 0.2 * rng.normal());
    return {
      ...{
        index: i,
        docHash: String(i).padStart(64, '0'),
        contextTokens: [10],
        continuationTokens: [2],
        isGreedy: [correct],
        cluster: null,
      },
      logProbs: isText
        ? [logProb]
        : Array.from({ length: 4 }, (_, c) => (c === prediction ? -1 : -2 - loss * c)),
      ...(isText
        ? { prediction: null, gold: null, predictionNorm: null, correctNorm: null, margin: null }
        : { prediction, gold, predictionNorm: prediction, correctNorm: correct, margin: 1 }),
      ...{
        correct,
        choiceChars: isText ? [] : [5, 5, 5, 5],
        choiceBytes: isText ? [] : [5, 5, 5, 5],
        words: 1,
        bytes: 5,
      },
    };
  });
  const headline = isText ? 'perplexity' : 'acc';
  return {
    ...{
      task,
      version: '1',
      headline,
      n,
      truncated: 0,
      continuationsCut: 0,
      nearTies: isText ? null : 0,
      samples,
    },
    metrics: { [headline]: METRICS[headline]!.aggregate(samples) },
  };
}

function divergence(loss: number): NonNullable<Stored<RecordTypes['task']>['divergence']> {
  const uncertain = (value: number): { value: number; stderr: number } => ({ value, stderr: value / 20 });
  return { tokens: 1000, kl: uncertain(loss / 2), sameTop: uncertain(1 - loss / 2) };
}
