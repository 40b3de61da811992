import type { AccessPath as PathAnswer } from '@ambit/contracts';
import type { AccessPath } from '@ambit/domain';
import { membershipSources } from '@ambit/persistence';
import type { MembershipKey, Sql } from '@ambit/persistence';

/**
 * Where the memberships in an answer come from. What is answered is noted while it is made, and told in the end: in one
 * statement for all of it, and in none when nobody comes by a group.
 */
export class MembershipOrigins {
  readonly #noted: { readonly key: MembershipKey; readonly told: Pick<PathAnswer, 'sources'> }[] =
    [];

  /** `told` is the answer to the path of the person, and gets its sources. */
  note<T extends Pick<PathAnswer, 'sources'>>(
    told: T,
    { throughUid: groupUid }: Pick<AccessPath, 'throughUid'>,
    userUid: string,
  ): T {
    if (groupUid !== undefined) this.#noted.push({ key: { groupUid, userUid }, told });
    return told;
  }

  /** Completes what was noted. A membership that is not there any more has no source. */
  async tell(sql: Sql): Promise<void> {
    const noted = this.#noted.splice(0);
    const sources = await membershipSources(
      sql,
      noted.map(({ key }) => key),
    );
    for (const [at, { told }] of noted.entries()) {
      const found = sources[at] ?? [];
      if (found.length > 0) told.sources = [...found];
    }
  }
}
