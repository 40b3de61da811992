import type { ApplyResult, ClusterEffect } from '@ambit/contracts';
import type { CommandContext } from '../command-context.ts';
import { printable } from '@ambit/kernel';
import { objectName } from './print-objects.ts';

/** `grant/payments created`, one line per object, on stdout; on stderr what will not be as it may look. */
export function printObjects(
  context: CommandContext,
  result: Pick<ApplyResult, 'objects' | 'dryRun' | 'warnings'>,
): void {
  const dry = result.dryRun ? ' (dry run)' : '';
  for (const { kind, name, action } of result.objects) {
    context.terminal.out.line(`${objectName(kind, printable(name))} ${action}${dry}`);
  }
  tellWarnings(context, result);
}

/** What will not be as it may look, on stderr. */
export function tellWarnings(
  { say }: CommandContext,
  { warnings = [] }: Pick<ApplyResult, 'warnings'>,
): void {
  for (const warning of warnings) say(`warning: ${printable(warning)}`);
}

/** What a change does to each cluster, on stdout. */
export function printEffect(
  { terminal }: CommandContext,
  result: Pick<ApplyResult, 'clusters' | 'clustersTotal' | 'bindingsAdded' | 'bindingsRemoved'>,
): void {
  const { clusters } = result;
  if (clusters.length === 0) {
    terminal.out.line('No cluster is touched.');
    return;
  }
  terminal.out.line('Effect on clusters');
  const name = Math.max(...clusters.map((cluster) => cluster.name.length));
  for (const cluster of clusters) terminal.out.line(`  ${effectLine(cluster, name)}`);
  const more = (result.clustersTotal ?? 0) - clusters.length;
  if (more <= 0) return;
  const { bindingsAdded: added = 0, bindingsRemoved: removed = 0 } = result;
  terminal.out.line(`  and ${more} more clusters; in all +${added} bindings  -${removed}`);
}

function effectLine(cluster: ClusterEffect, width: number): string {
  const { bindingsAdded, bindingsRemoved, gain, gainTotal, lose, loseTotal } = cluster;
  const offline = cluster.connected ? '' : '  (offline)';
  return (
    `${cluster.name.padEnd(width)}${objectsText(cluster)}  +${bindingsAdded} bindings  -${bindingsRemoved}` +
    `  gain: ${people(gain, gainTotal)}  lose: ${people(lose, loseTotal)}${offline}`
  );
}

/** What the agent would write: objects to make, to change and to delete. */
function objectsText({ objects }: ClusterEffect): string {
  if (objects === undefined) return '';
  const { added, changed, removed } = objects;
  return `  objects: +${added} ~${changed} -${removed}`;
}

function people(names: readonly string[], total: number): string {
  if (total === 0) return 'nobody';
  const shown = names.slice(0, 3);
  const text = shown.map(printable).join(', ');
  return total === shown.length ? text : `${text} and ${total - shown.length} more`;
}
