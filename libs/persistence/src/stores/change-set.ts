import type {
  AuditActor,
  AuditEvent,
  PolicyChange,
  PolicyKind,
  PolicyMembership,
  PolicyObject,
  PolicyPlain,
} from '@ambit/domain';
import { endedSession } from '../queries/ended-sessions.ts';
import { MovedPeople } from '../rules/moved-people.ts';
import { leftGroup } from '../queries/left-groups.ts';
import type { AgentOrder, RevokedCredential, SessionEnd } from '../records.ts';
import type { NewAuditEvent, PolicyRecorder } from '../transaction.ts';

/** One row of `policy_changes` before it has a revision. */
export interface ChangeRow {
  /** As people know it: of an object of a kind without a table of its own that kind. */
  readonly kind: string;
  readonly uid: string;
  readonly name: string;
  readonly op: 'put' | 'delete' | 'revoke';
  readonly object?: PolicyObject;
  /** False: resourceVersion and generation stay, as nobody wrote it. */
  readonly stamped?: false;
}

interface Stamp {
  readonly actor: AuditActor;
  readonly requestId?: string;
  readonly time: string;
  readonly newId: () => string;
}

/** What one transaction does to the policy and to the audit trail, in order. */
export class ChangeSet implements PolicyRecorder {
  readonly rows: ChangeRow[] = [];
  readonly events: AuditEvent[] = [];
  readonly orders: AgentOrder[] = [];
  /**
   * Groups whose members change: resourceVersion and generation follow although no row of theirs is written. The store
   * that adds one has locked its row, so that sealing never waits for a row while it holds the head.
   */
  readonly touchedGroups = new Set<string>();
  /** Who differs in what rules of teams look at. */
  readonly people = new MovedPeople();
  /** A new compiler or a raised epoch: a revision is wanted although no object changes, and what follows it is not explained. */
  bump: 'compiler' | 'epoch' | undefined;
  /** The new revision is above this one too: no number that an agent holds is given again. */
  lift = 0;
  readonly #stamp: Stamp;
  readonly #changes: PolicyChange[] = [];
  readonly #revoked: RevokedCredential[] = [];
  readonly #left: PolicyPlain[] = [];

  constructor(stamp: Stamp) {
    this.#stamp = stamp;
  }

  record(change: PolicyChange, name: string): void {
    this.#changes.push(change);
    const { kind, uid } = change.op === 'put' ? change.object : change;
    if (kind === 'Membership') this.people.membership(uid, name);
    if (change.op === 'put') {
      const { object } = change;
      const kind = object.kind === 'Plain' ? object.of : object.kind;
      this.rows.push({ kind, uid: object.uid, name, op: 'put', object });
    } else this.rows.push({ kind: change.kind, uid: change.uid, name, op: 'delete' });
  }

  /** `as`: kind and name that people know it by, where the compiler has others. */
  put(object: PolicyObject, as?: { readonly kind: string; readonly name: string }): void {
    if (as === undefined) return this.record({ op: 'put', object }, object.name);
    this.#changes.push({ op: 'put', object });
    this.rows.push({ kind: as.kind, uid: object.uid, name: as.name, op: 'put', object });
  }

  /** What follows from time alone is another: it is as somebody wrote it. */
  putUnstamped(object: PolicyObject): void {
    this.#changes.push({ op: 'put', object });
    const { kind, uid, name } = object;
    this.rows.push({ kind, uid, name, op: 'put', object, stamped: false });
  }

  delete(kind: Exclude<PolicyKind, 'Plain'>, uid: string, name: string): void {
    this.record({ op: 'delete', kind, uid }, name);
  }

  /** A person leaves a group and stays a person. When, `settle` says. */
  leave(gone: PolicyMembership): void {
    this.delete('Membership', gone.uid, gone.name);
    const left = leftGroup(gone);
    this.#left.push(left);
    this.put(left);
  }

  /**
   * Call right before it is committed: however long it took until then, who leaves a group was in it for whoever issued a
   * token meanwhile.
   */
  settle(at: Date): void {
    for (const { spec } of this.#left) Object.assign(spec, { leftAt: at.getTime() });
  }

  /** Deletes an object of a kind without a table of its own, which the compiler has as `compiled`. */
  deletePlain(
    { kind, uid, name }: { readonly kind: string; readonly uid: string; readonly name: string },
    compiled: 'Plain' | 'User' | 'Team',
  ): void {
    this.#changes.push({ op: 'delete', kind: compiled, uid });
    this.rows.push({ kind, uid, name, op: 'delete' });
  }

  revoke(credential: RevokedCredential, name: string): void {
    this.#revoked.push(credential);
    this.rows.push({ ...credential, name, op: 'revoke' });
  }

  endSession(session: SessionEnd, name: string): void {
    this.revoke({ kind: 'Session', uid: session.uid }, name);
    if (session.told) this.#changes.push({ op: 'put', object: endedSession(session) });
  }

  addEvent(event: NewAuditEvent): void {
    const { actor, requestId, time, newId } = this.#stamp;
    this.events.push({
      id: newId(),
      time,
      actor,
      ...(requestId === undefined ? {} : { requestId }),
      ...event,
    });
  }

  changes(): readonly PolicyChange[] {
    return this.#changes;
  }

  revoked(): readonly RevokedCredential[] {
    return this.#revoked;
  }

  makesRevision(): boolean {
    if (this.bump !== undefined || this.touchedGroups.size > 0) return true;
    return this.rows.length + this.orders.length > 0;
  }

  /** False when only credentials end, agents are told something, or a new compiler takes over: no object of the policy is touched. */
  changesState(): boolean {
    return this.touchedGroups.size > 0 || this.rows.some((row) => row.op !== 'revoke');
  }
}
