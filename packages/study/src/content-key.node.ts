/** @file Names for work by what goes into it (design.md §7): equal keys, equal results. */
import { createHash } from 'node:crypto';

/** JSON with keys in order and without spaces; fields that are `undefined` are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

/** Hex SHA-256 of the canonical JSON. */
export function contentKey(subject: unknown): string {
  return createHash('sha256').update(canonicalJson(subject)).digest('hex');
}
