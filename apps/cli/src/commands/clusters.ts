import type { OwnCluster } from '@ambit/contracts';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printRows, printValue } from '../output/print-rows.ts';
import type { Column } from '../output/table.ts';
import { ownClusters } from '../own-clusters.ts';

/** `ambit clusters`. */
export async function clusters(
  context: CommandContext,
  _args: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const items = await ownClusters(await context.client(), context.signal);
  if (format === 'name') {
    for (const { name } of items) context.terminal.out.line(name);
  } else if (!(await printValue(context, items, format))) {
    printRows(context, columns, items, format);
  }
  if (items.length === 0) {
    context.say(
      'You have access to no cluster: no grant that is in force names you or a group of yours.',
    );
    context.say('Next: ask an administrator for `ambit grant YOU ROLE CLUSTER/NAMESPACE`.');
  }
  return exitCodes.done;
}

const columns: readonly Column<OwnCluster>[] = [
  { title: 'NAME', value: ({ name }) => name },
  {
    title: 'NAMESPACES',
    value: ({ namespaces }) => namespaces.map((one) => (one === '*' ? 'all' : one)).join(','),
    flexible: true,
  },
  { title: 'ROLES', value: ({ roles }) => roles.join(','), flexible: true },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'KUBECTL', value: ({ credential }) => (credential === 'None' ? 'no' : 'yes') },
  { title: 'USER', value: ({ user }) => user, wide: true },
  { title: 'SERVER', value: ({ server = '' }) => server, wide: true },
];
