import { describe, expect, test } from '@jest/globals';
import type { DeleteObject, ObjectKey, RbacObject, Write } from '@ambit/rbac';
import type { AnnouncedWrite, LostWrite } from '../audit/read-announcements.ts';
import type { WriteAnnouncer } from '../audit/write-announcements.ts';
import { ApplyTracker } from './apply-tracker.ts';
import type { AgentAuditEvent } from './object-audit.ts';
import { WriteJournal } from './write-journal.ts';
import type { WriteAttempt } from './write-journal.ts';

type Entry =
  { readonly line: LostWrite } | { readonly done: string } | { readonly event: AgentAuditEvent };

/** What reached the disk, in order: any beginning of it is what a process that is killed may leave. */
class Disk implements WriteAnnouncer {
  readonly entries: Entry[];
  readonly lost: readonly LostWrite[];
  readonly #name: string;
  #announced = 0;

  constructor(name: string, entries: readonly Entry[]) {
    this.#name = name;
    this.entries = [...entries];
    const open = new Map<string, LostWrite>();
    for (const entry of entries) {
      if ('line' in entry) open.set(entry.line.id, entry.line);
      if ('done' in entry) open.delete(entry.done);
    }
    for (const entry of entries) if ('event' in entry) open.delete(entry.event.id ?? '');
    this.lost = [...open.values()];
  }

  async announce(write: AnnouncedWrite): Promise<string> {
    const id = write.id ?? `${this.#name}-${++this.#announced}`;
    this.entries.push({ line: { ...write, id, announcedAt: 1_000 } });
    return id;
  }

  withdraw(id: string): void {
    this.entries.push({ done: id });
  }

  get told(): AgentAuditEvent[] {
    return this.entries.flatMap((entry) => ('event' in entry ? [entry.event] : []));
  }
}

function processOn(name: string, entries: readonly Entry[]) {
  const disk = new Disk(name, entries);
  const journal = new WriteJournal({
    announcer: disk,
    audit: { record: (event) => disk.entries.push({ event: event as AgentAuditEvent }) },
    tracker: new ApplyTracker(() => 0),
    clock: { now: () => ({ low: 1_000, high: 1_000 }) as never },
    wanted: { get: () => undefined },
  });
  return { disk, journal };
}

const key = 'RoleBinding/payments/ambit-view-abc' as ObjectKey;
const body: RbacObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name: 'ambit-view-abc', namespace: 'payments' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }],
};
const standing: RbacObject = {
  ...body,
  metadata: { ...body.metadata, uid: 'u1', resourceVersion: '10' },
};
const create: Write = { type: 'create', key, lane: 'P1', body };
const remove = { type: 'delete', key, lane: 'P1', uid: 'u1' } as unknown as DeleteObject;

type Step = (journal: WriteJournal, attempt: WriteAttempt, now: RbacObject | undefined) => void;
const seen: Step = (journal, _, now) => journal.settled(key, now);
const refused: Step = (journal, attempt) => journal.cameToNothing(attempt);
const answered: Step = (journal, attempt, now) => journal.wrote(attempt, now);
const unanswered: Step = (journal, attempt) => journal.uncertain(attempt);

const ways: readonly (readonly [string, readonly Step[]])[] = [
  ['the first is seen, then the second is refused', [seen, refused]],
  ['the second is refused, then the first is seen', [refused, seen]],
  ['the first is seen, then the second gets no answer', [seen, unanswered, seen]],
  ['the second gets no answer, then one of them is seen', [unanswered, seen]],
  ['the second happens', [answered, seen]],
];

describe.each([
  ['created', create, undefined, standing],
  ['deleted', remove, standing, undefined],
] as const)(
  'what a killed process left on its way, tried again: %s',
  (verb, operation, was, is) => {
    test.each(ways)('%s: it is told once, whenever this process is killed', async (_, steps) => {
      const first = processOn('first', []);
      await first.journal.announce({ operation, before: was });
      const second = processOn('second', first.disk.entries);
      const attempt = await second.journal.announce({ operation, before: was });
      const tried = second.disk.entries.length;
      for (const step of steps) step(second.journal, attempt, is);
      const whole = second.disk.entries;
      for (let cut = tried; cut <= whole.length; cut++) {
        const third = processOn('third', whole.slice(0, cut));
        third.journal.settled(key, is);
        expect(third.disk.told.map(({ type, object }) => [type, object?.uid])).toEqual([
          [`binding.${verb}`, 'u1'],
        ]);
      }
    });
  },
);
