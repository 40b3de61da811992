import type { ListQuery, PolicyKindName } from '@ambit/contracts';
import { found, listResponse } from '../../platform/object-response.ts';
import { listQuery } from './list-query.ts';
import type { DocumentOutcome } from './apply-documents.ts';
import type { Identified, PolicyKinds, ReadParts } from './policy-kind.ts';

/** Objects of every kind as they are answered. */
export class ReadObjects {
  readonly #kinds: PolicyKinds;
  readonly #parts: ReadParts;

  constructor(kinds: PolicyKinds, parts: ReadParts) {
    this.#kinds = kinds;
    this.#parts = parts;
  }

  /** Throws `not_found`. */
  async get(kind: PolicyKindName, name: string): Promise<object> {
    const { reading } = this.#kinds.of(kind);
    const record = found(await reading.find(this.#parts.database, name), kind, name);
    const [answer = {}] = await reading.answer([record], this.#parts);
    return answer;
  }

  /** An object that was put just now. Throws `not_found`. */
  async put(kind: PolicyKindName, { record, resourceVersion }: DocumentOutcome): Promise<object> {
    const { reading, completedByCommit } = this.#kinds.of(kind);
    if (completedByCommit === true) return this.get(kind, record.name);
    const now: Identified & { resourceVersion: number | undefined } = {
      ...record,
      resourceVersion,
    };
    const [answer = {}] = await reading.answer([now], this.#parts);
    return answer;
  }

  /** One page. Throws `invalid_request`. */
  async list(kind: PolicyKindName, query: ListQuery): Promise<object> {
    const { reading } = this.#kinds.of(kind);
    const page = await reading.list(this.#parts.database, listQuery(query));
    const { revision } = this.#parts.world;
    const items = await reading.answer(page.items, this.#parts);
    return listResponse(kind, { ...page, items }, { revision, item: (item) => item });
  }
}
