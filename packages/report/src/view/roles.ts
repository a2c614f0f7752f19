/** The four module roles, in the order of a block. */
export const ROLES = ['attn.qkv', 'attn.out', 'mlp.up', 'mlp.down'] as const;

/** `layer 3, attn.qkv`; layers count from 0, as in tensor names. */
export function placeName({
  layer,
  role,
}: {
  readonly layer: number | null;
  readonly role: string | null;
}): string {
  return [layer === null ? [] : `layer ${layer}`, role ?? []].flat().join(', ');
}
