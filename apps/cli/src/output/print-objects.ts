import { apiVersion, type PolicyResource } from '@ambit/contracts';
import type { CommandContext } from '../command-context.ts';
import type { OutputFormat } from '../global-options.ts';
import type { Kind } from '../kinds.ts';
import { objectColumns } from './object-columns.ts';
import { printRows } from './print-rows.ts';
import { yamlText } from './yaml-text.ts';

/** `user/alice`: how commands name an object. */
export function objectName(kind: string, name: string): string {
  return `${kind.toLowerCase()}/${name}`;
}

/** A list on stdout in the format asked for. YAML comes as documents that `apply -f` takes. */
export async function printList(
  context: CommandContext,
  kind: Kind,
  items: readonly PolicyResource[],
  format: OutputFormat,
): Promise<void> {
  const { out } = context.terminal;
  if (format === 'json') {
    const list = { apiVersion, kind: `${kind.kind}List`, items };
    out.write(`${JSON.stringify(list, null, 2)}\n`);
  } else if (format === 'yaml') {
    out.write((await Promise.all(items.map(yamlText))).join('---\n'));
  } else if (format === 'name') {
    for (const item of items) out.line(`${objectName(kind.kind, item.metadata.name)}`);
  } else printRows(context, objectColumns(kind.view, context.now()), items, format);
}

/** One object on stdout in the format asked for. */
export async function printObject(
  context: CommandContext,
  kind: Kind,
  item: PolicyResource,
  format: OutputFormat,
): Promise<void> {
  if (format === 'json') context.terminal.out.write(`${JSON.stringify(item, null, 2)}\n`);
  else await printList(context, kind, [item], format);
}
