import { isConditionGroup, isTeamGroup } from '@ambit/domain';
import type { PolicyChange } from '@ambit/domain';
import type { MovedPerson, TeamRule } from './team-rule.ts';

interface Moved extends MovedPerson {
  anew: boolean;
  readonly attributes: Set<string>;
  readonly groups: Set<string>;
  readonly groupUids: Set<string>;
}

/** Who differs in what rules of teams look at, gathered by the stores as they write. */
export class MovedPeople {
  readonly #people = new Map<string, Moved>();
  /** Rules that are new. */
  readonly begun: TeamRule[] = [];
  /** Changes of others that conditions of grants have to look at. */
  readonly told: PolicyChange[] = [];

  all(): ReadonlyMap<string, MovedPerson> {
    return this.#people;
  }

  anew(userUid: string): void {
    this.#of(userUid).anew = true;
  }

  attribute(userUid: string, name: string): void {
    this.#of(userUid).attributes.add(name);
  }

  /**
   * `GROUP/USER`, as memberships are called, by uids and by names. Nobody comes to a team by the group of another one, and
   * nobody to anything by the group of a condition.
   */
  membership(uid: string, name: string): void {
    const [groupUid = '', userUid = ''] = uid.split('/');
    const [group = ''] = name.split('/');
    if (isConditionGroup(group)) return;
    const moved = this.#of(userUid);
    moved.groupUids.add(groupUid);
    if (!isTeamGroup(group)) moved.groups.add(group);
  }

  #of(userUid: string): Moved {
    const known = this.#people.get(userUid);
    if (known !== undefined) return known;
    const moved = {
      anew: false,
      attributes: new Set<string>(),
      groups: new Set<string>(),
      groupUids: new Set<string>(),
    };
    this.#people.set(userUid, moved);
    return moved;
  }
}
