import { createKernels } from '@bitcliff/kernels';
import {
  calibrationNeeds,
  collectInputStatistics,
  quantizeLinears,
  resolveRecipes,
} from '@bitcliff/quantize';
import type { Benchmark } from '../benchmark.ts';
import { weightValues } from '../formats/tensors.ts';
import { interleave } from '../interleave.ts';

/** Linear layers of one block of a 160M model: width 768, 3072 in the MLP. */
const GROUPS = [
  { role: 'attn.qkv', rows: 768, columns: [768, 768, 768] },
  { role: 'attn.out', rows: 768, columns: [768] },
  { role: 'mlp.up', rows: 768, columns: [3072] },
  { role: 'mlp.down', rows: 3072, columns: [768] },
] as const;
const BLOCKS = 12;

/** The time that a 160M model may take, in seconds, split over its blocks (issue: rtn 20 s, awq and gptq 6 minutes). */
const BUDGET = { 'rtn-w4g128': 20, 'hqq-w4g64': 360, 'awq-w4g128': 360, 'gptq-w4g128': 360 } as const;

/** Quantizing one block, as a share of its budget: the baseline is a wait of the budget, so that a ratio above 1 is within it. */
export const quantizeMethods: readonly Benchmark[] = Object.entries(BUDGET).map(([recipe, seconds]) => ({
  name: `quantize-${recipe}`,
  title: `one block of a 160M model by ${recipe}`,
  baseline: `${((1000 * seconds) / BLOCKS).toFixed(0)} ms a block (${seconds} s a model)`,
  targets: { [recipe]: 1 },
  async run(_, options) {
    const kernels = await createKernels();
    const [{ roles }] = resolveRecipes([recipe]) as [ReturnType<typeof resolveRecipes>[number]];
    const groups = GROUPS.map(({ role, rows, columns }) => {
      const collector = collectInputStatistics(rows);
      collector.add({ data: weightValues(2048 * rows, 7), rows: 2048, columns: rows });
      const linears = columns.map((n, i) => ({
        name: `${role}.${i}`,
        weight: { data: weightValues(rows * n, i), rows, columns: n },
      }));
      return { role, inputs: collector.finish(), linears };
    });
    let clock = 0; // the baseline's time passes here alone
    const start = performance.now();
    const contenders = {
      budget: () => {
        clock += (1000 * seconds) / BLOCKS;
        return 1;
      },
      [recipe]: async () => {
        let bits = 0;
        for (const { role, inputs, linears } of groups) {
          const policy = roles[role];
          const calibrated = calibrationNeeds(policy) === null ? { kernels } : { kernels, inputs };
          for (const { report } of await quantizeLinears(linears, policy, calibrated)) bits += report!.bits;
        }
        return bits;
      },
    };
    const now = (): number => performance.now() - start + clock;
    const measured = await interleave(contenders, 'budget', { rounds: 3, warmups: 1, ...options, now });
    await kernels.dispose();
    return measured;
  },
}));
