import type { Ids } from '@ambit/kernel';
import type { Sql } from '../sql.ts';
import type { ChangeSet } from '../stores/change-set.ts';
import type { KnownNames } from '../known-names.ts';
import type { PolicyWrites } from './policy-writes.ts';

/**
 * What the caller knows of the policy without asking the database. It may lag behind: what it says is believed until
 * the commit, which fails when it is not so.
 */
export interface KnownPolicy {
  uid(kind: string, name: string): string | undefined;
  name(kind: string, uid: string): string | undefined;
}

/** What the stores of one draft share. */
export interface DraftContext {
  /** Outside of any transaction. */
  readonly sql: Sql;
  /** Absent: nothing is known, everything is read. */
  readonly known?: KnownPolicy;
  readonly names: KnownNames;
  readonly changes: ChangeSet;
  readonly writes: PolicyWrites;
  /** `KIND/NAME` of every object that is written. */
  readonly written: Set<string>;
  readonly ids: Ids;
  readonly at: Date;
}
