import { METHOD_VERSIONS, type Recipe } from '@bitcliff/quantize';
import type { BlockWeights } from '../weights.ts';

/**
 * SHA-256 of everything that a quantized block depends on: the fingerprint of the block before it, the recipe, the versions of the methods, the
 * calibration tokens, and the weights of the block.
 * @param before of the block before, '' for the first  @returns 64 hexadecimal digits
 */
export async function blockFingerprint(
  before: string,
  parts: { readonly recipe: Recipe; readonly hash: string | null; readonly weights: BlockWeights },
): Promise<string> {
  const { recipe, hash, weights } = parts;
  const { norms, qNorm, kNorm, linears } = weights;
  const arrays: (Float32Array | null | undefined)[] = [
    norms.attention.gain,
    norms.attention.bias,
    norms.mlp?.gain,
    norms.mlp?.bias,
    qNorm,
    kNorm,
    ...linears.flatMap(({ weight, bias }) => [weight, bias]),
  ];
  const digests: string[] = [];
  for (const array of arrays) digests.push(array ? await sha256(bytesOf(array)) : '-');
  const text = JSON.stringify([before, recipe, METHOD_VERSIONS, hash, digests]);
  return sha256(new TextEncoder().encode(text));
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await globalThis.crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
