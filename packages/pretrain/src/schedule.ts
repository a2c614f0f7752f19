/** The learning rate over a run. */
export interface ScheduleConfig {
  /** Length of the run. */
  readonly steps: number;
  readonly warmupSteps: number;
  /** The highest, reached at the end of the warm-up. */
  readonly learningRate: number;
  /** The run ends at this part of it, 0 to 1. */
  readonly finalFraction: number;
}

/** Learning rate of a step: linear up during the warm-up, then half a cosine down. @param step from 0 */
export function learningRateAt(step: number, config: ScheduleConfig): number {
  const { steps, warmupSteps, learningRate, finalFraction } = config;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  return learningRate * (finalFraction + (1 - finalFraction) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
