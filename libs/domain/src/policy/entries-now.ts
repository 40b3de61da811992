import type { Denials } from './denials.ts';
import type { FamilyTable } from './family-table.ts';
import type { GroupedBindings } from './grouped-bindings.ts';
import { nothingRendered } from './instance-surroundings.ts';
import type { EntriesNow } from './settle-commit.ts';

/** What clusters hold by the parts of a policy. `bindingCounts`: by uid of the cluster; none stands for zero. */
export function entriesNow(
  of: {
    readonly table: FamilyTable;
    readonly denials: Denials;
    readonly grouped: GroupedBindings;
    readonly bindingCounts: Map<string, number>;
  } & Pick<EntriesNow, 'single'>,
): EntriesNow {
  const { table, denials, grouped, bindingCounts, single } = of;
  return {
    settleFamily: (where, before, mode) => {
      const after = table.at(where.cluster, where.family)?.rendered ?? nothingRendered;
      return grouped.settle(where, mode, { before, after });
    },
    single,
    settleDenial: (cluster, user) => denials.settle(cluster, user),
    countBindings: (cluster, by) => {
      const count = (bindingCounts.get(cluster) ?? 0) + by;
      if (count === 0) bindingCounts.delete(cluster);
      else bindingCounts.set(cluster, count);
    },
  };
}
