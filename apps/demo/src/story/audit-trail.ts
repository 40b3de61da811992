import { instantMillis } from '@ambit/kernel';
import type { AuditEventRecord } from '@ambit/contracts';
import type { DemoStage } from '../stage/demo-stage.ts';
import { eventuallyTrue } from '../stage/eventually-true.ts';
import { textTable } from '../terminal/text-table.ts';

/** The last things of the story to arrive: the trail is complete when they are in it. */
const awaited = ['grant.enforced_end', 'drift.corrected'];
const mostLines = 200;

/** Prints what central and the agents recorded of all this. */
export async function tellAudit(stage: DemoStage): Promise<void> {
  const { printer } = stage;
  printer.step('What happened, as the audit trail has it: ambit activity');
  let events: readonly AuditEventRecord[] = [];
  await eventuallyTrue(
    async () => {
      events = await allEvents(stage);
      return awaited.every((type) => events.some((event) => event.type === type));
    },
    {
      what: `${awaited.join(' and ')} had arrived`,
      withinMs: 30_000,
      everyMs: 100,
      signal: stage.signal,
    },
  );
  const shown = events.slice(-mostLines);
  if (shown.length < events.length) {
    printer.note(`… ${events.length - shown.length} earlier ones (ambit activity --limit 500)`);
  }
  const rows = shown.map((event) => [
    event.time.slice(11, 23),
    event.cluster ?? 'central',
    event.actor.name,
    event.type,
    shorten(event.message, 90),
  ]);
  for (const line of textTable([['TIME', 'WHERE', 'WHO', 'WHAT', ''], ...rows])) {
    printer.line(`   ${line}`);
  }
}

async function allEvents({ client }: DemoStage): Promise<readonly AuditEventRecord[]> {
  const events: AuditEventRecord[] = [];
  let next: string | undefined;
  do {
    const page = await client.api.listAuditEvents({
      query: { limit: 500, ...(next === undefined ? {} : { continue: next }) },
    });
    events.push(...page.items);
    next = page.metadata.continue;
  } while (next !== undefined);
  // Oldest first. Agents send what happened a little later than central, so time counts and not arrival.
  return events.toReversed().toSorted((a, b) => instantMillis(a.time) - instantMillis(b.time));
}

function shorten(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
