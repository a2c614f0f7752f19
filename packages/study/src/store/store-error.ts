import { BitcliffError, type BitcliffErrorFields } from '@bitcliff/core';

/** The store cannot be read or written: locked, full, damaged, of another program. Code `STORE`. */
export class StoreError extends BitcliffError {
  constructor(fields: Omit<BitcliffErrorFields, 'code' | 'op'>) {
    super({ code: 'STORE', op: 'studyStore', ...fields });
  }
}
