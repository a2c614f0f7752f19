/**
 * @file What recipes cost on a checkpoint with real text: output errors of every linear layer, and perplexity of text that was not calibrated on.
 * Usage: recipe-errors <checkpoint> <text file> [recipe …]
 * The first nine tenths of the text calibrate, the last tenth is scored in windows that do not overlap. Output errors are those of one set of inputs,
 * from the unquantized blocks, so that recipes can be compared layer by layer; perplexity is that of the recipe as it is.
 */
import { readFile } from 'node:fs/promises';
import { createKernels } from '@bitcliff/kernels';
import { averageBits, MODULE_ROLES, type Recipe, resolveRecipes, tokenWindows } from '@bitcliff/quantize';
import { createEngine, createQuantizedBlocks, type LayerReport, quantizeModel } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';

const SAMPLES = { count: 64, length: 512, seed: 0 };
const DEFAULT_RECIPES = [3, 4, 5].flatMap((bits) => ['rtn', 'awq', 'gptq'].map((m) => `${m}-w${bits}g32`));

const [path, textPath, ...names] = process.argv.slice(2);
if (path === undefined || textPath === undefined) {
  process.stderr.write('usage: recipe-errors <checkpoint> <text file> [recipe …]\n');
  process.exit(2);
}
const checkpoint = await openCheckpoint(path);
const { spec, layout } = checkpoint;
const ids = (await checkpoint.tokenizer()).encode(await readFile(textPath, 'utf8'), {
  addSpecialTokens: false,
});
const split = Math.floor(0.9 * ids.length);
const length = Math.min(SAMPLES.length, spec.maxPositions);
const sequences = tokenWindows(ids.slice(0, split), { ...SAMPLES, length });
const held = ids.slice(split);
const requests = Array.from({ length: Math.floor(held.length / length) }, (_, i) => {
  const window = held.slice(i * length, (i + 1) * length);
  return { context: window.slice(0, 1), continuation: window.slice(1) };
});
const shapes = Array.from({ length: spec.layers }, (_, layer) =>
  layout.block(layer).linears.map(({ weight: name, role, inFeatures: rows, outFeatures: columns }) => ({
    ...{ name, role, layer, layers: spec.layers },
    ...{ rows, columns },
  })),
).flat();
const kernels = await createKernels();

/** The same recipe with inputs from the unquantized blocks. */
function fromOriginal(recipe: Recipe): Recipe {
  const roles = MODULE_ROLES.map((role) => {
    const policy = recipe.roles[role];
    if (policy === null || !('propagate' in policy.method)) return [role, policy];
    return [role, { ...policy, method: { ...policy.method, propagate: 'original' } }];
  });
  return { ...recipe, roles: Object.fromEntries(roles) as Recipe['roles'] };
}

async function perplexityOf(recipe: Recipe | null): Promise<number> {
  const blocks = createQuantizedBlocks();
  if (recipe !== null) await quantizeModel(checkpoint, recipe, { ort, kernels, blocks, sequences });
  const engine = await createEngine(checkpoint, {
    ort,
    kernels,
    baseline: recipe === null,
    ...(recipe && { recipes: [recipe], quantized: new Map([[recipe.name, blocks]]) }),
  });
  const [variant] = await engine.score(requests);
  await engine.dispose();
  const total = variant!.scores.reduce((sum, { logProb }) => sum + logProb, 0);
  return Math.exp(-total / (requests.length * (length - 1)));
}

async function outputErrors(recipe: Recipe): Promise<readonly LayerReport[]> {
  const blocks = createQuantizedBlocks();
  const record = await quantizeModel(checkpoint, fromOriginal(recipe), { ort, kernels, blocks, sequences });
  return record.reports;
}

const write = (cells: readonly string[]): void => void process.stdout.write(`| ${cells.join(' | ')} |\n`);
write([
  'recipe',
  'bits',
  'output SQNR, dB (mean)',
  'output MSE / that of rtn (worst layer)',
  'below rtn',
  'perplexity',
]);
write(['---', '---', '---', '---', '---', '---']);
write(['baseline', '', '', '', '', (await perplexityOf(null)).toFixed(4)]);
for (const recipe of resolveRecipes(names.length === 0 ? DEFAULT_RECIPES : names)) {
  const own = await outputErrors(recipe);
  const plain = /^(?:awq|gptq|hqq)[a-z-]*(-w.*)$/.exec(recipe.name);
  const other = plain === null ? null : await outputErrors(resolveRecipes([`rtn${plain[1]}`])[0]!);
  const ratios = other?.map(({ output }, i) => own[i]!.output!.mse / output!.mse) ?? [];
  const sqnr = own.reduce((sum, { output }) => sum + output!.sqnr!, 0) / own.length;
  write([
    recipe.name,
    averageBits(recipe, shapes).toFixed(3),
    sqnr.toFixed(2),
    ratios.length === 0
      ? ''
      : `${(ratios.reduce((a, b) => a + b) / ratios.length).toFixed(3)} (${Math.max(...ratios).toFixed(3)})`,
    ratios.length === 0 ? '' : `${ratios.filter((r) => r < 1).length} of ${ratios.length}`,
    (await perplexityOf(recipe)).toFixed(4),
  ]);
}
await kernels.dispose();
await checkpoint.close();
