import { AppError } from '@ambit/kernel';
import { plainKind } from '../policy/public.ts';
import type { ServedKind } from '../policy/public.ts';

const plain = plainKind('NamespaceProfile');

/** What stands in the namespaces of teams. One that a team names stays. */
export const namespaceProfileKind: ServedKind = {
  ...plain,
  remove: async (tx, name, options) => {
    const removed = await plain.remove(tx, name, options);
    const [first, ...others] = await tx.teams.keptBy(removed.record.uid);
    if (first === undefined) return removed;
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    throw new AppError('in_use', `NamespaceProfile "${name}" is named by team "${first}"${more}.`, {
      hint: 'Give these teams another profile, or none, first.',
      nextCommand: `ambit get team ${first} -o yaml`,
    });
  },
};
