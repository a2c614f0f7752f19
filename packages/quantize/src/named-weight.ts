import type { Matrix } from '@bitcliff/kernels';

/** A linear layer to be quantized. */
export interface NamedWeight {
  /** The tensor, for messages, reports and the layers that AWQ does not clip. */
  readonly name: string;
  /** W [in, out], finite. */
  readonly weight: Matrix;
}
