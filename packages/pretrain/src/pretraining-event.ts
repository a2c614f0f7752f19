import type { StepReport, TrainingProgress } from './trainer.ts';

/** Something that happened in a run. Metrics files hold the same, line by line, but for `begin`. */
export type PretrainingEvent =
  | {
      readonly kind: 'begin';
      readonly variant: string;
      readonly folder: string;
      /** Steps that an earlier call has done. */
      readonly step: number;
      readonly steps: number;
      readonly parameters: number;
      readonly windows: number;
      /** Targets in the training windows. */
      readonly tokensPerPass: number;
    }
  | ({
      readonly kind: 'step';
      readonly variant: string;
      /** Targets per second since the second step of this call; 0 at the first. */
      readonly tokensPerSecond: number;
      readonly secondsLeft: number | null;
    } & StepReport)
  | {
      readonly kind: 'checkpoint';
      readonly variant: string;
      readonly step: number;
      /** Nats per target. */
      readonly heldOutLoss: number;
      readonly path: string;
    };

/** How a run reports, and how it is stopped. */
export interface RunOptions {
  /** Stops the run after the step in hand; its state is saved. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: PretrainingEvent) => void) | undefined;
}

/** A finished run. */
export interface RunResult extends TrainingProgress {
  /** Holds metrics.jsonl, state.safetensors and the checkpoints. */
  readonly folder: string;
}
