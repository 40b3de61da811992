import { findApiTokens } from '@ambit/persistence';
import type { ApiTokenRecord, Sql } from '@ambit/persistence';

type Found = ReadonlyMap<string, ApiTokenRecord>;

/** Statements that may look for tokens at the same time. */
const mostStatements = 2;
const mostIds = 500;

/**
 * Looks tokens up by id, those that are asked for at the same time together: a flood of made-up tokens costs the
 * database one statement after the other, and who comes with a good one waits for one of them at most.
 */
export class TokenLookup {
  readonly #sql: Sql;
  #running = 0;
  #waiting = new Map<string, PromiseWithResolvers<Found>>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find(id: string): Promise<ApiTokenRecord | undefined> {
    const asked = this.#waiting.get(id) ?? Promise.withResolvers<Found>();
    this.#waiting.set(id, asked);
    this.#next();
    return (await asked.promise).get(id);
  }

  #next(): void {
    if (this.#running >= mostStatements || this.#waiting.size === 0) return;
    const batch = new Map(Array.from(this.#waiting).slice(0, mostIds));
    for (const id of batch.keys()) this.#waiting.delete(id);
    this.#running++;
    findApiTokens(this.#sql, [...batch.keys()])
      .then((tokens): Found => new Map(tokens.map((token) => [token.id, token])))
      .then(
        (found) => batch.forEach(({ resolve }) => resolve(found)),
        (error: unknown) => batch.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        this.#running--;
        this.#next();
      });
  }
}
