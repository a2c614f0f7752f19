/**
 * @file What keeps the tasks apart from the training text: every text has a signature, the facts that make it what it is, and one signature in eight
 * is reserved for tasks and for the held-out loss. The generator of the training text draws again when it meets one.
 */

/** True for the reserved signatures: one in eight by FNV-1a. */
export function heldOut(signature: string): boolean {
  let hash = 0x811c9dc5;
  for (let i = 0; i < signature.length; i++) hash = Math.imul(hash ^ signature.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15; // the low bits of FNV-1a are weak
  return Math.imul(hash, 0x2c1b3c6d) >>> 29 === 0;
}
