/**
 * @file A recipe applied to a whole model, block by block (quant-spec.md §B.2): calibration sequences run through a block, its linear layers are
 * quantized by what went into them, and the sequences go on through the block as it was or as it is now, as the method says. One block
 * and the hidden states are in memory at a time.
 */
import { InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import { createKernels, type Kernels } from '@bitcliff/kernels';
import {
  calibrationNeeds,
  type InputStatistics,
  type LinearPolicy,
  METHOD_VERSIONS,
  MODULE_ROLES,
  type ModuleReport,
  type ModuleRole,
  type Propagation,
  policyFor,
  quantizeLinears,
  type Recipe,
  tokenHash,
} from '@bitcliff/quantize';
import type { LinearPlace } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { checkRequests } from '../engine/check-requests.ts';
import { createGraphRunners, type GraphRunner } from '../engine/graph-runner.ts';
import { createHiddenStore } from '../engine/hidden-store.ts';
import { createPrepareInt8, type PrepareInt8 } from '../engine/int8-codes.ts';
import { createPartLoader, toMatrix } from '../engine/load-parts.ts';
import { planMemory } from '../engine/memory-plan.ts';
import type { Ort, OrtTensor } from '../engine/ort.ts';
import { embedRows, rowFeeds } from '../engine/row-tensors.ts';
import type { Scratch } from '../engine/scratch.ts';
import type { SessionOptions } from '../engine/session.ts';
import { buildBlockGraph } from '../graph/block-graph.ts';
import type { GraphLinear } from '../graph/linear-graph.ts';
import type { TapStatistics } from '../graph/tap-graph.ts';
import { packRequests } from '../packing.ts';
import { rotaryTables } from '../rotary.ts';
import type { TapPoint } from '../taps.ts';
import { type BlockWeights, type FloatLinear, readBlock } from '../weights.ts';
import { blockFingerprint } from './block-fingerprint.ts';
import type { QuantizedBlocks, QuantizedPlace } from './quantized-blocks.ts';

/** What quantizing a model needs. */
export interface QuantizeModelOptions extends SessionOptions, LongTaskOptions {
  /** `onnxruntime-node` or `onnxruntime-web`. */
  readonly ort: Ort;
  /** Where the result goes; blocks that are there already, from the same inputs, are not quantized again. */
  readonly blocks: QuantizedBlocks;
  /** Token ids of the calibration text, at least two a sequence. @default none, for recipes that need none */
  readonly sequences?: readonly ArrayLike<number>[];
  /** Kernels that quantize weights; without them `createKernels()`. */
  readonly kernels?: Kernels;
  /** Bytes that the process may take. @default 2 GiB */
  readonly memoryBudget?: number;
  /** Where hidden states go that do not fit the budget. */
  readonly scratch?: () => Promise<Scratch>;
  /** Gets the reports of each block as it is done. */
  readonly onReport?: (report: LayerReport) => void;
}

/** The report of one linear layer. */
export interface LayerReport extends ModuleReport {
  /** 0-based. */
  readonly layer: number;
  readonly role: ModuleRole;
  readonly place: LinearPlace;
}

/** The record of a quantized model. */
export interface QuantizeModelRecord {
  readonly recipe: Recipe;
  readonly methodVersions: typeof METHOD_VERSIONS;
  /** SHA-256 of the calibration tokens (`tokenHash`), `null` without any. */
  readonly calibration: {
    readonly sequences: number;
    readonly tokens: number;
    readonly tokenHash: string;
  } | null;
  /** By layer, then as the architecture lists them; layers left in floating point have none. */
  readonly reports: readonly LayerReport[];
  /** Blocks that were found done. */
  readonly resumed: number;
}

const DEFAULT_MEMORY_BUDGET = 2 * 2 ** 30;

/**
 * Quantize a model.
 * @throws {InvalidInputError} when the recipe needs calibration and there is none, methods disagree about where inputs come from, or a
 * token id is outside the vocabulary
 * @example
 * const blocks = createQuantizedBlocks();
 * const [recipe] = resolveRecipes(['gptq-w4g128']);
 * await quantizeModel(checkpoint, recipe, { ort, blocks, sequences: tokenWindows(ids, { count: 64, length: 512, seed: 0 }) });
 * const engine = await createEngine(checkpoint, { ort, recipes: [recipe], quantized: new Map([[recipe.name, blocks]]) });
 */
export async function quantizeModel(
  checkpoint: Checkpoint,
  recipe: Recipe,
  options: QuantizeModelOptions,
): Promise<QuantizeModelRecord> {
  const { ort, blocks, sequences = [] } = options;
  const { spec } = checkpoint;
  const H = spec.hiddenSize;
  const propagation = checkNeeds(checkpoint, recipe, sequences.length);
  const rows = packRequests(checkSequences(checkpoint, sequences), { rowLength: 1, sharePrefixes: false });
  const rowLength = Math.max(2, ...rows.map((row) => row.tokens.length));
  const budget = options.memoryBudget ?? DEFAULT_MEMORY_BUDGET;
  const statistics = rows.length === 0 ? 0 : gramBytes(checkpoint);
  const plan = planMemory(checkpoint, budget, { variants: 2, rowLength, statistics });
  const hash = sequences.length === 0 ? null : await tokenHash(sequences);

  const ownKernels = options.kernels === undefined ? await createKernels() : undefined;
  const kernels = options.kernels ?? ownKernels!;
  const runners = createGraphRunners(ort, options);
  const lengths = rows.map((row) => row.tokens.length * H);
  const bytes = 4 * lengths.reduce((a, b) => a + b, 0);
  const scratch = bytes > plan.hidden && options.scratch !== undefined ? await options.scratch() : null;
  const total = spec.layers * (2 * rows.length + 1);
  let done = 0;
  const step = (layer: number, what: string, count = 1): void => {
    options.signal?.throwIfAborted();
    const detail = `block ${layer + 1} of ${spec.layers}: ${what}`;
    options.onProgress?.({ phase: 'quantize', done, total, unit: 'steps', detail });
    done += count;
  };
  try {
    const hidden = createHiddenStore(lengths, { variants: 1, memory: plan.hidden, scratch });
    const prepareInt8 = createPrepareInt8(ort, runners);
    const loader = createPartLoader(checkpoint, [null], { ort, runners, kernels });
    const embedding = (await loader.embedding()).value;
    await embedRows(ort, checkpoint, embedding, { rows, table: null }, (r, states) =>
      hidden.write(0, r, states),
    );
    const tables = spec.positions.kind === 'rotary' ? rotaryTables(spec.positions, rowLength) : null;
    const reports: LayerReport[] = [];
    let resumed = 0;
    let fingerprint = '';

    /** Run all sequences through a block. @param keep let the outputs be the inputs of the next block */
    const runRows = async (
      layer: number,
      runner: GraphRunner,
      { keep, what }: { readonly keep: boolean; readonly what: string },
      take?: (outputs: Readonly<Record<string, OrtTensor>>) => void,
    ): Promise<void> => {
      for (const [r, row] of rows.entries()) {
        step(layer, what);
        const S = row.tokens.length;
        const outputs = await runner.run({
          hidden: new ort.Tensor('float32', await hidden.read(0, r), [S, H]),
          ...rowFeeds(ort, spec, row, spec.attention.windows[layer] ?? null, tables),
        });
        take?.(outputs);
        if (keep) await hidden.write(0, r, outputs.out!.data as Float32Array);
      }
    };

    for (let layer = 0; layer < spec.layers; layer++) {
      const weights = await readBlock(checkpoint, layer);
      const policies = weights.linears.map(({ module }) =>
        policyFor(recipe, { name: module.weight, role: module.role, layer, layers: spec.layers }),
      );
      fingerprint = await blockFingerprint(fingerprint, { recipe, hash, weights });
      let block = await blocks.read(layer);
      const isDone = block?.fingerprint === fingerprint;
      const graph = (linears: readonly GraphLinear[], taps: ReadonlyMap<TapPoint, TapStatistics>) =>
        runners.create(
          buildBlockGraph({
            threads: runners.threads,
            ...weights,
            spec,
            taps,
            linears: new Map(linears.map((l) => [l.name as LinearPlace, l])),
          }),
        );
      if (isDone) {
        resumed++;
        if (propagation === 'original' && rows.length > 0)
          await runRows(layer, await graph(weights.linears.map(asStored), new Map()), {
            keep: true,
            what: 'run',
          });
        else step(layer, 'found done', rows.length);
        step(layer, 'found done');
      } else {
        const roles = createRoleStatistics(
          weights,
          rows.map((row) => row.tokens.length),
        );
        if (rows.length > 0) {
          const runner = await graph(weights.linears.map(asStored), roles.taps);
          await runRows(layer, runner, { keep: propagation === 'original', what: 'calibrate' }, roles.add);
        }
        step(layer, 'quantize');
        const linears = await quantizeGroups(weights, policies, { kernels, inputs: roles.of });
        block = { fingerprint, linears };
        await blocks.write(layer, block);
      }
      for (const { place, quantized } of block!.linears) {
        if (quantized.report === null) continue;
        const { module } = weights.linears.find((linear) => linear.module.place === place)!;
        const report = { ...quantized.report, layer, role: module.role, place };
        reports.push(report);
        options.onReport?.(report);
      }
      if (propagation === 'quantized' && rows.length > 0 && layer + 1 < spec.layers) {
        const linears: GraphLinear[] = [];
        for (const linear of weights.linears)
          linears.push(await asQuantized(linear, block!.linears, prepareInt8));
        await runRows(layer, await graph(linears, new Map()), { keep: true, what: 'run quantized' });
      } else step(layer, 'done', rows.length);
    }
    options.onProgress?.({ phase: 'quantize', done: total, total, unit: 'steps' });
    const tokens = sequences.reduce((sum, sequence) => sum + sequence.length, 0);
    const calibration = hash === null ? null : { sequences: sequences.length, tokens, tokenHash: hash };
    return { recipe, methodVersions: METHOD_VERSIONS, calibration, reports, resumed };
  } finally {
    await scratch?.close();
    await runners.dispose();
    await ownKernels?.dispose();
  }
}

/** Where the inputs of a block come from. @throws {InvalidInputError} when calibration is missing or methods disagree */
function checkNeeds(checkpoint: Checkpoint, recipe: Recipe, sequences: number): Propagation {
  const { spec, layout, path } = checkpoint;
  let found: Propagation | undefined;
  for (let layer = 0; layer < spec.layers; layer++) {
    for (const { weight, role } of layout.block(layer).linears) {
      const policy = policyFor(recipe, { name: weight, role, layer, layers: spec.layers });
      const propagate = calibrationNeeds(policy)?.propagate;
      if (propagate === undefined) continue;
      if (found !== undefined && found !== propagate) {
        throw new InvalidInputError({
          op: 'quantizeModel',
          problem: `recipe "${recipe.name}" wants inputs from blocks before and after they are quantized`,
          expected: 'one `propagate` for all layers',
          received: `${found} and ${propagate}`,
          where: `tensor "${weight}"`,
        });
      }
      found = propagate;
    }
  }
  if (found !== undefined && sequences === 0) {
    throw new InvalidInputError({
      op: 'quantizeModel',
      problem: `recipe "${recipe.name}" needs calibration`,
      expected: 'sequences of token ids',
      received: 'none',
      path,
    });
  }
  return found ?? 'original';
}

/** Bytes of the Gram matrices of all roles: the sums in float64, and those of one sequence. */
function gramBytes({ layout }: Checkpoint): number {
  const { linears } = layout.block(0);
  const inputs = MODULE_ROLES.map((own) => linears.find(({ role }) => role === own)!.inFeatures);
  return inputs.reduce((sum, K) => sum + 12 * K * K, 0);
}

/** The sequences as requests of one row each. */
function checkSequences(checkpoint: Checkpoint, sequences: readonly ArrayLike<number>[]) {
  const requests = sequences.map((sequence) => ({ context: Array.from(sequence), continuation: [0] }));
  checkRequests(requests, checkpoint);
  const short = requests.findIndex(({ context }) => context.length < 2);
  if (short === -1) return requests;
  throw new InvalidInputError({
    op: 'quantizeModel',
    problem: 'a calibration sequence is too short',
    expected: 'at least 2 tokens',
    received: requests[short]!.context.length,
    where: `sequence ${short}`,
  });
}

const asStored = ({ module, weight, bias }: FloatLinear): GraphLinear => {
  const { place: name, inFeatures, outFeatures } = module;
  return { name, inFeatures, outFeatures, weights: { kind: 'stored', weight }, bias };
};

async function asQuantized(
  linear: FloatLinear,
  places: readonly QuantizedPlace[],
  prepareInt8: PrepareInt8,
): Promise<GraphLinear> {
  const found = places.find(({ place }) => place === linear.module.place);
  const float = asStored(linear);
  return found === undefined ? float : { ...float, weights: await prepareInt8(found.quantized.linear) };
}

/** The statistics of the inputs of each role, over all sequences. */
function createRoleStatistics({ linears }: BlockWeights, lengths: readonly number[]) {
  const tokens = lengths.reduce((a, b) => a + b, 0);
  const found = new Map<ModuleRole, { absMax: Float32Array; sumAbs: Float64Array; gram: Float64Array }>();
  for (const role of MODULE_ROLES) {
    const K = linears.find(({ module }) => module.role === role)!.module.inFeatures;
    const gram = new Float64Array(tokens === 0 ? 0 : K * K);
    found.set(role, { absMax: new Float32Array(K), sumAbs: new Float64Array(K), gram });
  }
  const wanted = {
    channels: true,
    gram: true,
    threshold: null,
    tokens: false,
    difference: false,
    values: false,
  };
  const taps = new Map<TapPoint, TapStatistics>(MODULE_ROLES.map((role) => [`${role}.input`, wanted]));
  return {
    taps,
    add(outputs: Readonly<Record<string, OrtTensor>>): void {
      for (const [role, { absMax, sumAbs, gram }] of found) {
        const read = (name: string): Float32Array => outputs[`${role}.input.${name}`]!.data as Float32Array;
        const [max, sum, products] = [read('absMax'), read('sumAbs'), read('gram')];
        for (let i = 0; i < max.length; i++) {
          absMax[i] = Math.max(absMax[i]!, max[i]!);
          sumAbs[i]! += sum[i]!;
        }
        for (let i = 0; i < gram.length; i++) gram[i]! += products[i]!;
      }
    },
    of(role: ModuleRole): InputStatistics | undefined {
      if (tokens === 0) return undefined;
      const { absMax, sumAbs, gram } = found.get(role)!;
      return { tokens, absMax, meanAbs: Float32Array.from(sumAbs, (sum) => sum / tokens), gram };
    },
  };
}

/** Quantize the layers of a block; those of one role with one policy share their input and are quantized together. */
async function quantizeGroups(
  { linears }: BlockWeights,
  policies: readonly (LinearPolicy | null)[],
  options: { readonly kernels: Kernels; readonly inputs: (role: ModuleRole) => InputStatistics | undefined },
): Promise<QuantizedPlace[]> {
  const groups = new Map<string, FloatLinear[]>();
  for (const [i, linear] of linears.entries()) {
    const key = `${linear.module.role} ${JSON.stringify(policies[i])}`;
    groups.set(key, [...(groups.get(key) ?? []), linear]);
  }
  const result = new Map<LinearPlace, QuantizedPlace>();
  for (const group of groups.values()) {
    const { role } = group[0]!.module;
    const policy = policies[linears.indexOf(group[0]!)]!;
    const named = group.map((linear) => ({ name: linear.module.weight, weight: toMatrix(linear) }));
    const inputs = options.inputs(role);
    const made = await quantizeLinears(named, policy, {
      kernels: options.kernels,
      ...(inputs === undefined ? {} : { inputs }),
    });
    for (const [i, { module }] of group.entries())
      if (made[i]!.stored !== null) result.set(module.place, { place: module.place, quantized: made[i]! });
  }
  return linears.flatMap(({ module }) => result.get(module.place) ?? []);
}
