import type { Digests } from '@ambit/kernel';
import type { Ceiling } from '../ceiling/ceiling.ts';
import { checkRoleRules, roleRefusal } from '../ceiling/check-ceiling.ts';
import { normalizeRules } from '../evaluate/normalize-rules.ts';
import type { RoleIntent, RoleReference } from '../intents.ts';
import { objectName, roleIdentity } from '../naming/object-identity.ts';
import type { RoleCell } from './entry.ts';
import { joinRefusals } from './join-refusals.ts';

/** `before` is the name it could be bound under. */
export interface RoleChange {
  readonly cell: RoleCell;
  readonly before: string | undefined;
}

/** Roles of ours and those that exist, under one ceiling. */
export class RoleCatalog {
  readonly #cells = new Map<string, RoleCell>();
  readonly #digests: Digests;
  #ceiling: Ceiling;
  #existing: ReadonlySet<string> | undefined;

  constructor(digests: Digests, ceiling: Ceiling) {
    this.#digests = digests;
    this.#ceiling = ceiling;
  }

  acquire(reference: RoleReference): RoleCell {
    const key = cellKey(reference);
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const cell: RoleCell = {
      reference,
      intent: undefined,
      clusterRole: undefined,
      problem: undefined,
      users: 0,
    };
    this.#cells.set(key, cell);
    this.#judge(cell);
    return cell;
  }

  /** Forgets a role that nothing refers to and that is none of ours. */
  release(cell: RoleCell): void {
    if (cell.users === 0 && cell.intent === undefined) {
      this.#cells.delete(cellKey(cell.reference));
    }
  }

  /** Puts or removes the rules of a role of ours. */
  setIntent(
    uid: string,
    given: RoleIntent | undefined,
  ): RoleChange & { readonly changed: boolean } {
    const cell = this.acquire({ type: 'ours', roleUid: uid });
    const intent = given && { ...given, rules: normalizeRules(given.rules) };
    const before = cell.clusterRole;
    const changed = JSON.stringify(intent) !== JSON.stringify(cell.intent);
    if (changed) {
      cell.intent = intent;
      this.#judge(cell);
    }
    return { cell, before, changed };
  }

  /** Judges all anew; gives the cells whose name or permission changed. */
  setCeiling(ceiling: Ceiling): RoleChange[] {
    this.#ceiling = ceiling;
    return this.#judgeAll();
  }

  /** Names of the ClusterRoles there are; undefined when that is not known and all count as there. */
  setExisting(names: ReadonlySet<string> | undefined): RoleChange[] {
    this.#existing = names;
    return this.#judgeAll();
  }

  cells(): Iterable<RoleCell> {
    return this.#cells.values();
  }

  #judgeAll(): RoleChange[] {
    const changes: RoleChange[] = [];
    for (const cell of this.#cells.values()) {
      const before = cell.clusterRole;
      this.#judge(cell);
      if (before !== cell.clusterRole) changes.push({ cell, before });
    }
    return changes;
  }

  #judge(cell: RoleCell): void {
    cell.problem = this.#problem(cell);
    cell.clusterRole = cell.problem === undefined ? this.#name(cell) : undefined;
  }

  #name({ reference, intent }: RoleCell): string | undefined {
    if (reference.type === 'existing') return reference.clusterRole;
    return intent && objectName(roleIdentity(intent), this.#digests);
  }

  #problem({ reference, intent }: RoleCell): RoleCell['problem'] {
    if (reference.type === 'ours') {
      if (intent === undefined) {
        return { reason: 'role_missing', message: 'the rules of this role did not arrive' };
      }
      const refusals = checkRoleRules(intent.rules, this.#ceiling);
      if (refusals.length === 0) return undefined;
      return {
        reason: 'ceiling_refused',
        message: `role "${intent.name}": ${joinRefusals(refusals)}`,
      };
    }
    const refusal = roleRefusal(reference.clusterRole, this.#ceiling);
    if (refusal !== undefined) return { reason: 'ceiling_refused', message: refusal.message };
    if (this.#existing === undefined || this.#existing.has(reference.clusterRole)) return undefined;
    const message = `there is no ClusterRole "${reference.clusterRole}" in this cluster`;
    return { reason: 'role_missing', message };
  }
}

function cellKey(reference: RoleReference): string {
  return reference.type === 'existing'
    ? `existing/${reference.clusterRole}`
    : `ours/${reference.roleUid}`;
}
