/**
 * Threads for jax-js in Node, in an entry that does not load jax-js.
 * @packageDocumentation
 */
export { useAllCores } from './web-worker.node.ts';
