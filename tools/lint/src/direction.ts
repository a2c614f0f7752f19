/**
 * @file Which package may import which (design.md §2): dependencies point left only,
 * `core ← formats ← kernels ← quantize ← runtime ← {evals, analysis} ← study ← apps`; `pretrain` needs core and formats,
 * `report` needs study. Read by dependency-cruiser, which also finds cycles.
 */

/** Each package with the packages it may import. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  formats: ['core'],
  kernels: ['core', 'formats'],
  quantize: ['core', 'formats', 'kernels'],
  runtime: ['core', 'formats', 'kernels', 'quantize'],
  evals: ['core', 'formats', 'kernels', 'quantize', 'runtime'],
  analysis: ['core', 'formats', 'kernels', 'quantize', 'runtime'],
  pretrain: ['core', 'formats'],
  study: ['core', 'formats', 'kernels', 'quantize', 'runtime', 'evals', 'analysis', 'pretrain'],
  report: ['core', 'study'],
};
