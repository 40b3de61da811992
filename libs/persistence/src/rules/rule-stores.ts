import type { StoreContext } from '../stores/store-context.ts';
import type { Transaction } from '../transaction.ts';
import { PostgresConditionStore } from './condition.store.ts';
import { PostgresRuleStore } from './rule.store.ts';

/** The stores of whom rules of teams match and for whom conditions of grants hold. */
export const ruleStores = (context: StoreContext): Pick<Transaction, 'rules' | 'conditions'> => ({
  rules: new PostgresRuleStore(context),
  conditions: new PostgresConditionStore(context),
});
