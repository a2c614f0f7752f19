import { BitcliffError } from '@bitcliff/core';

/** A loss or gradient that is no number, or a loss scale that fell to nothing. What was saved before stays. Code `DIVERGED`. */
export class DivergedError extends BitcliffError {
  /** The step that failed, from 1. */
  readonly step: number;

  /** @param lastGood the newest checkpoint or state that was saved */
  constructor(step: number, problem: string, received: number, lastGood: string | undefined) {
    super({
      code: 'DIVERGED',
      op: 'pretrain',
      problem: `${problem} at step ${step}`,
      expected: 'a finite number',
      received,
      hint:
        (lastGood === undefined
          ? 'Nothing had been saved yet. '
          : `${lastGood} is the last that was saved. `) +
        'A lower learning rate, clipping or a longer warm-up help',
    });
    this.step = step;
  }
}
