import type { Ids } from '@ambit/kernel';
import type { EntityManager } from 'typeorm';
import type { Sql } from '../sql.ts';
import type { ChangeSet } from './change-set.ts';

/** What the stores of one transaction share. */
export interface StoreContext {
  readonly sql: Sql;
  readonly manager: EntityManager;
  readonly changes: ChangeSet;
  readonly ids: Ids;
  /** When the transaction began, by the program's clock. */
  readonly at: Date;
}
