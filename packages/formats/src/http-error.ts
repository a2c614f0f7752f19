import { BitcliffError, type BitcliffErrorFields } from '@bitcliff/core';

/** A server refused a request, or could not be reached, also after the retries. Code `HTTP`. */
export class HttpError extends BitcliffError {
  /** HTTP status of the last answer; undefined when there was none. */
  readonly status: number | undefined;

  constructor(fields: Omit<BitcliffErrorFields, 'code'> & { readonly status?: number | undefined }) {
    super({ code: 'HTTP', ...fields });
    this.status = fields.status;
  }
}
