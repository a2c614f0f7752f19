import { BitcliffError, bytesPerElement, createRng, type DType, elementCount, Tensor } from '@bitcliff/core';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { memorySource } from '../memory-source.ts';
import {
  joined,
  lengthField,
  modelOf,
  packedVarints,
  tensorProto,
  varintField,
} from './__fixtures__/raw-onnx.ts';
import { OnnxGraph } from './onnx-graph.ts';
import { ModelProtoSchema, type TensorProto } from './onnx-subset.gen.ts';
import { openOnnx } from './open-onnx.ts';

const MUTATIONS = 24_000;

const built = (): Uint8Array => {
  const g = new OnnxGraph('g');
  g.constant('w', new Tensor('F32', [2, 3], new Float32Array([1, 2, 3, 4, 5, 6])));
  g.constant('m', new Tensor('BOOL', [2], new Uint8Array([1, 0])));
  g.constant('x', new Tensor('U8', [4], new Uint8Array(4)), { external: true });
  g.output(g.node('Identity', ['w']), 'F32', [2, 3]);
  return g.encode({ opset: 21 });
};

const typed = joined([
  modelOf(
    tensorProto('a', 6, [3], [lengthField(5, packedVarints([1, -1, 300]))]),
    tensorProto('b', 7, [2], [varintField(7, -5), varintField(7, 7)]),
    tensorProto('c', 1, [2], [lengthField(4, new Uint8Array(8))]),
  ),
  lengthField(14, [lengthField(1, 'k'), lengthField(2, 'v')]),
]);

/** Tags and lengths that mean something, so that mutations get past the first check. */
const TOKENS = [0, 1, 2, 3, 0x08, 0x10, 0x12, 0x2a, 0x3a, 0x42, 0x4a, 0x6a, 0x70, 0x7f, 0x80, 0xff];

/**
 * The initializers by the generated decoder; undefined when a part that `openOnnx` skips is not valid. That decoder lets a field reach past
 * the end of the message around it, which shows when it is written again.
 */
function decoded(bytes: Uint8Array): readonly TensorProto[] | undefined {
  try {
    const model = fromBinary(ModelProtoSchema, bytes);
    return Buffer.compare(toBinary(ModelProtoSchema, model), bytes) === 0
      ? model.graph!.initializer
      : undefined;
  } catch {
    return undefined;
  }
}

it(`refuses with a BitcliffError or reads correctly under ${MUTATIONS} mutations`, async () => {
  const rng = createRng(20261122);
  const models = [built(), typed];
  const external = async (location: string) => memorySource(new Uint8Array(16), location);
  let opened = 0;
  let compared = 0;
  for (let n = 0; n < MUTATIONS; n++) {
    let bytes = models[n % 2]!.slice();
    for (let edits = 1 + rng.int(3); edits > 0; edits--) {
      const at = rng.int(bytes.length);
      const kind = rng.int(6);
      if (kind === 0) bytes[at]! ^= 1 << rng.int(8);
      else if (kind === 1) bytes[at] = rng.int(256);
      else if (kind === 2) bytes[at] = rng.pick(TOKENS);
      else if (kind === 3) bytes = bytes.slice(0, Math.max(1, rng.int(bytes.length)));
      else if (kind === 4) bytes.copyWithin(at, rng.int(bytes.length), rng.int(bytes.length));
      else bytes = new Uint8Array([...bytes.subarray(0, at), rng.pick(TOKENS), ...bytes.subarray(at)]);
    }
    try {
      const tensors = await openOnnx(memorySource(bytes, 'fuzz.onnx'), { external });
      opened++;
      const oracle = decoded(bytes);
      if (oracle !== undefined) expect(oracle.map(({ name }) => name)).toEqual(tensors.names());
      for (const [i, name] of tensors.names().entries()) {
        const { shape, byteLength, dtype } = tensors.info(name);
        expect(elementCount(shape) * bytesPerElement(dtype as DType)).toBe(byteLength);
        const tensor = await tensors.read(name);
        if (tensor.data.byteLength !== byteLength) expect(tensor.data.byteLength).toBe(byteLength);
        expect(byteLength).toBeLessThanOrEqual(8 * bytes.length);
        const proto = oracle?.[i];
        if (proto === undefined) continue;
        expect(proto.dims.map(Number)).toEqual(shape);
        if (proto.rawData.length === 0 || proto.dataLocation !== 0) continue;
        expect(await tensors.readBytes(name)).toEqual(proto.rawData);
        compared++;
      }
    } catch (error) {
      if (!BitcliffError.isInstance(error)) throw error;
      if (!error.message.includes('fuzz.onnx')) expect(error.message).toContain('fuzz.onnx');
    }
  }
  // both outcomes must be common, else the mutations test nothing
  expect(opened).toBeGreaterThan(MUTATIONS / 50);
  expect(opened).toBeLessThan(MUTATIONS * 0.9);
  expect(compared).toBeGreaterThan(1000);
});
