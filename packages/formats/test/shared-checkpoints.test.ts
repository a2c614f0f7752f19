import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSafetensorsFile, openTensorFolder } from '../src/node.ts';

// skipped when BITCLIFF_SHARED, the folder of shared models, is not set
const shared = process.env.BITCLIFF_SHARED;

describe.skipIf(shared === undefined)('checkpoints of the shared folder (BITCLIFF_SHARED)', () => {
  it('opens stories260K', async () => {
    const tensors = await openTensorFolder(join(shared!, 'data/models/stories260K'));
    expect(tensors.names().length).toBe(47);
    expect(tensors.metadata).toEqual({ format: 'pt' });
    expect(tensors.info('model.embed_tokens.weight')).toMatchObject({ dtype: 'F32', shape: [512, 64] });
    for (const name of tensors.names()) {
      const values = await tensors.readFloat32(name);
      expect(values.every(Number.isFinite), name).toBe(true);
      expect(values.byteLength).toBe(tensors.info(name).byteLength);
    }
    await tensors.close();
  });

  it('opens tl-reverse, and a range equals that part of the whole', async () => {
    const tensors = await openSafetensorsFile(
      join(shared!, 'data/models/tl-reverse/reverse_model.safetensors'),
    );
    expect(tensors.names().length).toBe(38);
    const whole = await tensors.readFloat32('b1.a.k_proj.W');
    const part = await tensors.readFloat32('b1.a.k_proj.W', { range: { start: 5, end: 105 } });
    expect(part).toEqual(whole.slice(5, 105));
    await tensors.close();
  });

  it('opens a sharded checkpoint and one in BF16', async () => {
    const tensors = await openTensorFolder(join(shared!, 'golden/models/llama_sharded'));
    let bytes = 0;
    for (const name of tensors.names()) bytes += (await tensors.read(name)).data.byteLength;
    expect(`${bytes}`).toBe(tensors.metadata.total_size);
    await tensors.close();
    const brain = await openTensorFolder(join(shared!, 'golden/models/llama_bf16'));
    expect(brain.info('lm_head.weight').dtype).toBe('BF16');
    expect((await brain.readFloat32('lm_head.weight')).every(Number.isFinite)).toBe(true);
    await brain.close();
  });
});
