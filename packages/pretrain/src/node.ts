/**
 * Training from files to files.
 * @packageDocumentation
 */

// running
export { pretrainInWorker } from './pretrain-in-worker.node.ts';
export { runPretraining } from './run-pretraining.node.ts';

// checkpoints
export { type CheckpointRecord, type ReadCheckpoint, readCheckpoint } from './checkpoint.node.ts';
