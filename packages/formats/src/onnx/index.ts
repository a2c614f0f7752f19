/**
 * Build ONNX models from tensors, with nothing but the messages a runtime needs.
 * @packageDocumentation
 */

// graphs
export type { OnnxAttribute } from './onnx-attribute.ts';
export {
  type OnnxDimension,
  type OnnxEncodeOptions,
  type OnnxExternalData,
  OnnxGraph,
  type OnnxNodeOptions,
} from './onnx-graph.ts';
// limits
export { ONNX_BYTE_LIMIT, ONNX_IR_VERSION } from './onnx-limits.ts';
// reading
export { type OpenOnnxOptions, openOnnx } from './open-onnx.ts';
