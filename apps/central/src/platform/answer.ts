import type { ResponseSchemaName } from '@ambit/contracts';

/** What a handler gives when status or headers depend on what happened. */
export class Answer {
  readonly body: unknown;
  readonly options: {
    readonly status?: number;
    readonly revision?: number;
    readonly schema?: ResponseSchemaName;
  };

  constructor(body: unknown, options: Answer['options'] = {}) {
    this.body = body;
    this.options = options;
  }
}
