import type { ListQuery, PolicyKindName } from '@ambit/contracts';
import { notFound } from '@ambit/kernel';
import { isOfTeams } from '@ambit/persistence';
import type { NamedReference } from '@ambit/persistence';
import { found, listResponse } from '../../platform/object-response.ts';
import { listQuery } from './list-query.ts';
import type { DocumentOutcome } from './apply-documents.ts';
import type { Identified, PolicyKinds, ReadParts } from './policy-kind.ts';

type Teams = readonly NamedReference[];

/** Objects of every kind as they are answered. */
export class ReadObjects {
  readonly #kinds: PolicyKinds;
  readonly #parts: ReadParts;

  constructor(kinds: PolicyKinds, parts: ReadParts) {
    this.#kinds = kinds;
    this.#parts = parts;
  }

  /** Throws `not_found`, also for what is of none of the teams by which the reader is bounded. */
  async get(kind: PolicyKindName, name: string, within?: Teams): Promise<object> {
    const { reading } = this.#kinds.of(kind);
    const { database } = this.#parts;
    const record = found(await reading.find(database, name), kind, name);
    if (within !== undefined && !(await isOfTeams(database, kind, record.uid, within)))
      throw notFound(kind, name);
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

  /** One page, of what is of the teams by which the reader is bounded. Throws `invalid_request`. */
  async list(kind: PolicyKindName, query: ListQuery, within?: Teams): Promise<object> {
    const { reading } = this.#kinds.of(kind);
    const page = await reading.list(this.#parts.database, {
      ...listQuery(query),
      ...(within === undefined ? {} : { ofTeams: within }),
    });
    const { revision } = this.#parts.world;
    const items = await reading.answer(page.items, this.#parts);
    return listResponse(kind, { ...page, items }, { revision, item: (item) => item });
  }
}
