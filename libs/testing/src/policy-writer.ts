import type { AuditActor, GrantScope, GrantSubject } from '@ambit/domain';
import {
  type ClusterRecord,
  type Committed,
  type Database,
  type GrantRecord,
  type GroupRecord,
  type Labels,
  type Put,
  type PutGrant,
  type Transaction,
  UnitOfWork,
  type UserRecord,
} from '@ambit/persistence';
import { builtInRoleUids } from '@ambit/persistence';
import { FakeClock } from './fake-clock.ts';
import { FakeIds } from './fake-ids.ts';
import { silentLogger } from './silent-logger.ts';

const actor: AuditActor = { kind: 'system', name: 'system/test' };
let series = 0;

const everywhere: GrantScope = { clusters: { type: 'all' }, namespaces: { type: 'clusterWide' } };

/** Writes policy objects through the real unit of work, each call one transaction with an audit event. */
export class PolicyWriter {
  readonly unit: UnitOfWork;
  readonly clock: FakeClock;

  constructor(database: Database, clock = new FakeClock()) {
    this.clock = clock;
    // Every writer counts in a series of its own, so that two on one database never make the same uid.
    const ids = new FakeIds(process.pid * 4_096 + ++series);
    this.unit = new UnitOfWork(database, { clock, ids, logger: silentLogger });
  }

  change<T>(work: (tx: Transaction) => Promise<T>, dryRun = false): Promise<Committed<T>> {
    return this.unit.run({ actor, dryRun }, async (tx) => {
      const value = await work(tx);
      tx.audit.record({ type: 'user.updated', message: 'A test changed something.' });
      return value;
    });
  }

  async user(name: string, more: { active?: boolean; labels?: Labels } = {}): Promise<UserRecord> {
    const put = { name, labels: {}, active: true, ...more };
    return record(await this.change((tx) => tx.users.put(put)));
  }

  async group(name: string, members: readonly { uid: string }[] = []): Promise<GroupRecord> {
    const memberUids = members.map((member) => member.uid);
    return record(await this.change((tx) => tx.groups.put({ name, labels: {}, memberUids })));
  }

  async cluster(name: string, labels: Labels = {}): Promise<ClusterRecord> {
    const put = { name, labels, subjectMode: 'Users', userPrefix: 'ambit:' } as const;
    return record(await this.change((tx) => tx.clusters.put(put)));
  }

  /** `view` everywhere unless told. */
  async grant(
    name: string,
    subjects: readonly GrantSubject[],
    more: Partial<PutGrant> = {},
  ): Promise<GrantRecord> {
    const put = { name, labels: {}, roleUid: builtInRoleUids.view, scope: everywhere, ...more };
    return record(await this.change((tx) => tx.grants.put({ ...put, subjects })));
  }
}

/** What was put, with the resourceVersion it got at commit. */
function record<T>({ value, commit }: Committed<Put<T>>): T {
  return commit === undefined
    ? value.record
    : { ...value.record, resourceVersion: commit.revision };
}
