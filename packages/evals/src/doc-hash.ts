import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { TaskItem } from './task.ts';

/** Hex SHA-256 of an item; see `Sample`. */
export function docHash({ requests, choices, gold }: TaskItem): string {
  return hashOf([requests, choices, gold]);
}

/** Hex SHA-256 of a value as JSON. */
export function hashOf(value: unknown): string {
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(value))));
}
