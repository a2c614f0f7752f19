/** A graph as ONNX Runtime loads it: the model message, and the large weights beside it. */
export interface EncodedGraph {
  readonly model: Uint8Array;
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}
