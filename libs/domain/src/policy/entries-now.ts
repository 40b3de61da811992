import type { Denials } from './denials.ts';
import type { FamilyTable } from './family-table.ts';
import { nothingRendered } from './instance-surroundings.ts';
import type { EntriesNow } from './settle-commit.ts';

/** What clusters hold by the parts of a policy. `bindingCounts`: by uid of the cluster; none stands for zero. */
export function entriesNow(
  of: {
    readonly table: FamilyTable;
    readonly denials: Denials;
    readonly bindingCounts: Map<string, number>;
  } & Pick<EntriesNow, 'single'>,
): EntriesNow {
  const { table, denials, bindingCounts, single } = of;
  return {
    rendered: (cluster, family) => table.at(cluster, family)?.rendered ?? nothingRendered,
    single,
    settleDenial: (cluster, user) => denials.settle(cluster, user),
    countBindings: (cluster, by) => {
      const count = (bindingCounts.get(cluster) ?? 0) + by;
      if (count === 0) bindingCounts.delete(cluster);
      else bindingCounts.set(cluster, count);
    },
  };
}
