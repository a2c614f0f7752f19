import { describe, expect, it } from 'vitest';
import * as core from './index.ts';
import { BitcliffError, FormatError, InternalError, ShapeError, UnknownNameError } from './index.ts';

describe('BitcliffError', () => {
  it('says operation, problem, expected, received, place and hint, in this order', () => {
    const error = new FormatError({
      op: 'openSafetensors',
      problem: 'header length over the limit',
      expected: 'at most 100 bytes',
      received: 101,
      where: 'tensor "w"',
      path: 'a/model.safetensors',
      hint: 'Is it a safetensors file?',
    });
    expect(error.message).toBe(
      'openSafetensors: header length over the limit, expected at most 100 bytes, received 101 (tensor "w", a/model.safetensors). Is it a safetensors file?',
    );
    expect(error).toMatchObject({
      code: 'FORMAT',
      op: 'openSafetensors',
      received: 101,
      path: 'a/model.safetensors',
    });
    expect(error.name).toBe('FormatError');
    expect(error).toBeInstanceOf(Error);
  });

  it('leaves out what is not known', () => {
    const error = new ShapeError({ op: 'pack', problem: 'odd length' });
    expect(error.message).toBe('pack: odd length');
    expect(error.hint).toBeUndefined();
    expect('cause' in error).toBe(false);
  });

  it('keeps a cause', () => {
    const cause = new Error('deep');
    expect(new FormatError({ op: 'read', problem: 'failed', cause }).cause).toBe(cause);
  });

  it('is known by its brand, also across copies of the package', () => {
    expect(BitcliffError.isInstance(new ShapeError({ op: 'a', problem: 'b' }))).toBe(true);
    const foreign = Object.assign(new Error('from another copy'), { [Symbol.for('bitcliff.error')]: true });
    expect(BitcliffError.isInstance(foreign)).toBe(true);
    for (const other of [new Error('x'), null, undefined, 'text', {}]) {
      expect(BitcliffError.isInstance(other)).toBe(false);
    }
  });

  it('has a code of its own in every class', () => {
    const fields = { op: 'a', problem: 'b' };
    const errors = [
      new core.ShapeError(fields),
      new core.FormatError(fields),
      new core.NotFoundError(fields),
      new core.UnsupportedError(fields),
      new core.InvalidInputError(fields),
      new InternalError('b'),
      new UnknownNameError({ op: 'a', kind: 'x', name: 'y', known: ['z'] }),
    ];
    expect(new Set(errors.map(({ code }) => code)).size).toBe(errors.length);
  });

  it('asks for a report of a broken invariant', () => {
    expect(new InternalError('no rows').message).toContain(
      'internal: no rows. This is a defect of bitcliff: report it',
    );
  });
});

describe('UnknownNameError', () => {
  const known = ['awq', 'gptq', 'hqq', 'rtn', 'smoothquant'];
  const make = (name: string) => new UnknownNameError({ op: 'quantize', kind: 'recipe', name, known });

  it('lists the known names in order and suggests the nearest', () => {
    expect(make('gtpq').message).toBe(
      'quantize: unknown recipe "gtpq", expected one of: awq, gptq, hqq, rtn, smoothquant. Did you mean "gptq"?',
    );
    expect(make('SmoothQuant').hint).toBe('Did you mean "smoothquant"?');
  });

  it('suggests nothing that is far away', () => {
    expect(make('wanda').hint).toBeUndefined();
    expect(make('').hint).toBeUndefined();
  });
});
