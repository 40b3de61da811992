import type { StoreContext } from '../../stores/store-context.ts';
import type { Transaction } from '../../transaction.ts';
import { PostgresPlainStore } from './plain.store.ts';
import { PostgresTeamStore } from './team.store.ts';

/** The stores over the table that kinds share. */
export const plainStores = (context: StoreContext): Pick<Transaction, 'plain' | 'teams'> => ({
  plain: (kind) => new PostgresPlainStore(context, kind),
  teams: new PostgresTeamStore(context.sql),
});
