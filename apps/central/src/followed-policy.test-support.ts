import type { PolicyView } from '@ambit/domain';
import { centralMetrics, createMeters, createRegistry, Readiness } from '@ambit/observability';
import type { Transaction } from '@ambit/persistence';
import { PolicyWriter, silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { loadPolicyWorld } from './features/desired-state/public.ts';
import { CommitPolicy } from './features/policy/public.ts';

/** What a central that follows a policy has, and no more of it: a database, the policy in memory, and commits. */
export class FollowedPolicy {
  readonly #close: () => Promise<unknown>;
  readonly db: TestDatabase;
  /** Writes past the commits: no rule and no condition looks at it. */
  readonly policy: PolicyWriter;
  readonly commit: CommitPolicy;
  readonly view: () => PolicyView;

  private constructor(
    db: TestDatabase,
    policy: PolicyWriter,
    {
      commit,
      view,
      close,
    }: Pick<FollowedPolicy, 'commit' | 'view'> & { close: () => Promise<unknown> },
  ) {
    this.db = db;
    this.policy = policy;
    this.commit = commit;
    this.view = view;
    this.#close = close;
  }

  static async start(): Promise<FollowedPolicy> {
    const db = await testDatabase();
    const policy = new PolicyWriter(db.database);
    const meters = createMeters(createRegistry({ version: 'test' }), centralMetrics);
    const parts = { database: db.database, logger: silentLogger, unitOfWork: policy.unit, meters };
    const { world, feed } = await loadPolicyWorld({ ...parts, readiness: new Readiness([]) });
    return new FollowedPolicy(db, policy, {
      commit: new CommitPolicy(policy.unit, world, meters),
      view: () => world.policy,
      close: () => feed.close(),
    });
  }

  /** A commit as one by REST is. */
  async change<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const actor = { kind: 'system', name: 'test' } as const;
    const { value } = await this.commit.run({ actor, unguarded: true }, async (tx) => {
      const done = await work(tx);
      tx.audit.record({ type: 'policy.updated', message: 'by a test' });
      return done;
    });
    return value;
  }

  async stop(): Promise<void> {
    await this.#close();
    await this.db.close();
  }
}
