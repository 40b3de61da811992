import type { Database } from '@ambit/persistence';
import type { Escape } from '../family.ts';
import type { Acknowledged } from './writers.ts';

interface ChangeRow {
  readonly revision: string;
  readonly kind: string;
  readonly name: string;
  readonly op: string;
  readonly count: string | null;
}

/** What the database says, against what central said; each difference is an escape. */
export interface Kept {
  readonly escapes: readonly Escape[];
  readonly notes: readonly string[];
}

/** Every change that was acknowledged is in the history as it was acknowledged, and counters were raised by one each time. */
export async function checkChanges(
  database: Database,
  acknowledged: readonly Acknowledged[],
): Promise<Kept> {
  const rows = await database.query<ChangeRow>(
    `SELECT revision, kind, name, op, object->'labels'->>'count' AS count FROM policy_changes
     WHERE kind IN ('Grant', 'User') ORDER BY revision, ordinal`,
  );
  const wordsOf = (change: Acknowledged | ChangeRow): string =>
    [change.kind, change.name, change.op, change.revision, change.count ?? ''].join(' ');
  const stored = new Set(rows.map(wordsOf));
  const lost = acknowledged.map(wordsOf).filter((words) => !stored.has(words));
  const stale = staleCounts(rows);
  return {
    escapes: [
      ...lost.map((got) => ({ attack: 'no acknowledged change is lost', got })),
      ...stale.map((got) => ({ attack: 'nothing stale is written over', got })),
    ],
    notes: [
      `${acknowledged.length} changes were acknowledged, ${lost.length} of them lost; ${rows.length} are stored`,
      `${rows.filter(({ count }) => count !== null).length} raises of counters, ${stale.length} over something stale`,
    ],
  };
}

function staleCounts(rows: readonly ChangeRow[]): string[] {
  const last = new Map<string, number>();
  const stale: string[] = [];
  for (const { name, count, revision } of rows) {
    if (count === null) continue;
    const before = last.get(name) ?? 0;
    if (Number(count) !== before + 1)
      stale.push(`${name}: ${before}, then ${count} in ${revision}`);
    last.set(name, Number(count));
  }
  return stale;
}

/** Of each change of a grant there is one event, in its transaction. */
export async function checkOwnEvents(database: Database): Promise<Kept> {
  const rows = await database.query<{ name: string; changes: number; events: number }>(
    `SELECT coalesce(c.name, e.name) AS name, coalesce(c.n, 0)::int AS changes, coalesce(e.n, 0)::int AS events
     FROM (SELECT name, count(*) AS n FROM policy_changes WHERE kind = 'Grant' GROUP BY name) c
     FULL JOIN (SELECT object_name AS name, count(*) AS n FROM audit_events
       WHERE object_kind = 'Grant' AND type IN ('grant.created', 'grant.deleted') GROUP BY object_name) e USING (name)`,
  );
  const wrong = rows.filter(({ changes, events }) => changes !== events);
  return {
    escapes: wrong.map(({ name, changes, events }) => ({
      attack: 'each change has its event',
      got: `${name}: ${changes} changes, ${events} events`,
    })),
    notes: [`${rows.length} grants, ${wrong.length} whose changes and events differ in number`],
  };
}

/** Every event that an agent told is stored once; nothing is announced as lost. */
export async function checkAgentEvents(
  database: Database,
  agents: readonly { readonly cluster: string; readonly told: number }[],
): Promise<Kept> {
  const rows = await database.query<{
    cluster: string;
    stored: number;
    different: number;
    gaps: number;
  }>(
    `SELECT cluster, count(*) FILTER (WHERE type <> 'audit.gap')::int AS stored,
       (count(DISTINCT event->>'message') FILTER (WHERE type <> 'audit.gap'))::int AS different,
       count(*) FILTER (WHERE type = 'audit.gap')::int AS gaps
     FROM audit_events WHERE type IN ('binding.created', 'binding.deleted', 'audit.gap') GROUP BY cluster`,
  );
  const byCluster = new Map(rows.map((row) => [row.cluster, row]));
  const told = agents.reduce((sum, agent) => sum + agent.told, 0);
  const none = { stored: 0, different: 0, gaps: 0 };
  const wrong = agents.flatMap(({ cluster, told: mine }) => {
    const { stored, different, gaps } = byCluster.get(cluster) ?? none;
    if (stored === mine && different === mine && gaps === 0) return [];
    return [`${cluster}: told ${mine}, stored ${stored}, ${different} different, ${gaps} gaps`];
  });
  return {
    escapes: wrong.map((got) => ({ attack: 'no audit event is lost or doubled', got })),
    notes: [`${told} audit events of agents, of ${wrong.length} agents some were lost or doubled`],
  };
}

/** What each cluster should hold by the grants that there are, and what its agent holds. */
export async function checkHeld(
  database: Database,
  agents: readonly { readonly cluster: string; readonly subjects: readonly string[] }[],
): Promise<Kept> {
  const rows = await database.query<{ cluster: string; subject: string }>(
    `SELECT c.name AS cluster, 'ambit:' || l.name || '@example.com' AS subject
     FROM (SELECT DISTINCT ON (name) name, op, object FROM policy_changes WHERE kind = 'Grant'
       ORDER BY name, revision DESC) l
     JOIN clusters c ON l.object::text LIKE '%' || c.uid || '%' WHERE l.op = 'put'`,
  );
  const wrong = agents.filter(({ cluster, subjects }) => {
    const wanted = rows.filter((row) => row.cluster === cluster).map(({ subject }) => subject);
    return wanted.sort().join() !== subjects.join();
  });
  return {
    escapes: wrong.map(({ cluster, subjects }) => ({
      attack: 'each cluster holds what was granted',
      got: `${cluster} holds ${subjects.join() || 'nothing'}`,
    })),
    notes: [`${rows.length} grants are in force at the end, ${wrong.length} clusters hold another`],
  };
}
