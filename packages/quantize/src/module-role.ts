/**
 * The four kinds of linear layer that every decoder maps onto: `attn.qkv` (query, key and value projections), `attn.out`,
 * `mlp.up` (the widening projection, with its gate where there is one) and `mlp.down`.
 */
export type ModuleRole = 'attn.qkv' | 'attn.out' | 'mlp.up' | 'mlp.down';

/** Every role, in the order of the data. */
export const MODULE_ROLES: readonly ModuleRole[] = ['attn.qkv', 'attn.out', 'mlp.up', 'mlp.down'];
