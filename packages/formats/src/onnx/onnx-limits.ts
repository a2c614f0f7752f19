/** Version of the ONNX IR that models declare. */
export const ONNX_IR_VERSION = 10; // docs/Versioning.md of onnx/onnx: IR 10 came with ONNX 1.16 and opset 21

/** Longest model, in bytes. */
export const ONNX_BYTE_LIMIT = 2_147_483_647; // protobuf: a serialized message is smaller than 2 GiB
