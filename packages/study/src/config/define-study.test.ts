import { InvalidInputError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { defineStudy } from './define-study.ts';
import type { StudyConfig } from './study-config.ts';

const config = { name: 'toy', checkpoints: ['a'], tasks: ['copa'], data: 'data' } as const;
const refuse = (changes: object, field: string): void => {
  const run = () => defineStudy({ ...config, ...changes } as StudyConfig);
  expect(run).toThrow(InvalidInputError);
  expect(run).toThrow(`→ at ${field}`);
};

describe('defineStudy', () => {
  it('fills in defaults, and leaves what is complete as it is', () => {
    const study = defineStudy({ ...config, calibration: [{ name: 'c', source: 'x.txt' }] });
    expect(study).toMatchObject({ recipes: [], limit: null, divergence: true, profile: 'lmeval' });
    expect(study.calibration).toEqual([{ name: 'c', source: 'x.txt', samples: 64, length: null, seed: 0 }]);
    expect(study.engine).toEqual({ memory: null, threads: null, providers: ['cpu'], kernels: 'auto' });
    expect(defineStudy(study)).toEqual(study);
  });

  it('points to the field that is wrong', () => {
    refuse({ checkpoints: [] }, 'checkpoints');
    refuse({ name: '../x' }, 'name');
    refuse({ recipes: ['no-such-recipe'] }, 'recipes[0]');
    refuse({ recipes: ['w4', { name: 'half' }] }, 'recipes[1]');
    refuse({ recipes: ['w4', 'w4'] }, 'recipes');
    refuse({ limit: 0 }, 'limit');
    refuse({ calibration: [{ name: 'c' }] }, 'calibration[0].source');
    refuse({ analyses: ['loss'] }, 'texts');
    refuse({ analyses: ['fits'], texts: [{ name: 't', file: 'x' }] }, 'analyses');
    refuse({ data: undefined }, 'data');
    refuse({ tasks: [] }, 'tasks');
    refuse({ checkpoints: [{ path: 'local', revisions: { a: 1 } }] }, 'checkpoints[0]');
    expect(() => defineStudy({ ...config, extra: 1 } as StudyConfig)).toThrow('"extra"');
  });
});
