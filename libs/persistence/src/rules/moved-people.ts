import { isTeamGroup } from '@ambit/domain';
import type { MovedPerson, TeamRule } from './team-rule.ts';

interface Moved extends MovedPerson {
  anew: boolean;
  readonly attributes: Set<string>;
  readonly groups: Set<string>;
}

/** Who differs in what rules of teams look at, gathered by the stores as they write. */
export class MovedPeople {
  readonly #people = new Map<string, Moved>();
  /** Rules that are new. */
  readonly begun: TeamRule[] = [];

  all(): ReadonlyMap<string, MovedPerson> {
    return this.#people;
  }

  anew(userUid: string): void {
    this.#of(userUid).anew = true;
  }

  attribute(userUid: string, name: string): void {
    this.#of(userUid).attributes.add(name);
  }

  /** `name`: `GROUP/USER`, as memberships are called. Nobody comes to a team by the group of another one. */
  membership(userUid: string, name: string): void {
    const [group = ''] = name.split('/');
    if (!isTeamGroup(group)) this.#of(userUid).groups.add(group);
  }

  #of(userUid: string): Moved {
    const known = this.#people.get(userUid);
    if (known !== undefined) return known;
    const moved = { anew: false, attributes: new Set<string>(), groups: new Set<string>() };
    this.#people.set(userUid, moved);
    return moved;
  }
}
