import { BitcliffError, type BitcliffErrorFields } from '@bitcliff/core';

type Fields = Omit<BitcliffErrorFields, 'code'>;

/** The Hub refuses to show a repository: it is private, gated, or hidden because it does not exist. Code `HUB_ACCESS`. */
export class HubAccessError extends BitcliffError {
  /** 401 or 403. */
  readonly status: number;
  /** `org/name`. */
  readonly repo: string;

  constructor(fields: Fields & { readonly status: number; readonly repo: string }) {
    super({ code: 'HUB_ACCESS', ...fields });
    this.status = fields.status;
    this.repo = fields.repo;
  }
}

/** The Hub could not be reached, or gave an answer that is of no use, also after the retries. Code `HUB_REQUEST`. */
export class HubRequestError extends BitcliffError {
  /** HTTP status, when there was an answer. */
  readonly status: number | undefined;

  constructor(fields: Fields & { readonly status?: number | undefined }) {
    super({ code: 'HUB_REQUEST', ...fields });
    this.status = fields.status;
  }
}

/** The bytes of a file are not those that its repository lists. Code `HUB_INTEGRITY`. */
export class HubIntegrityError extends BitcliffError {
  constructor(fields: Fields) {
    super({ code: 'HUB_INTEGRITY', ...fields });
  }
}

/** Offline, and not all that is wanted is in the cache. Code `HUB_OFFLINE`. */
export class HubOfflineError extends BitcliffError {
  /** Names of the files that are missing; empty when the revision itself is not known. */
  readonly missing: readonly string[];

  constructor(fields: Fields & { readonly missing: readonly string[] }) {
    super({ code: 'HUB_OFFLINE', ...fields });
    this.missing = fields.missing;
  }
}
