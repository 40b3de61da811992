import { compareText, type Digests } from '@ambit/kernel';
import { departureId, type CredentialsEntry, type Departure } from '@ambit/rbac';
import { groupSubject } from '../names/group-subject.ts';
import type { PolicyPlain } from '../policy-objects.ts';
import type { PolicyStore } from './policy-store.ts';
import { longestTokenMs, settlingSeconds } from './token-times.ts';

/** They are part of an entry of at most 64 KiB, of which each takes 22 bytes. */
const mostListed = 1_500;
const forgottenAtOnce = 1_000;

/** What webhooks are told of who left groups. */
export type DepartureFacts = Pick<CredentialsEntry, 'departures' | 'groupsFrom'>;

/**
 * Who left which group within the longest life of a token. Bindings name groups in mode Groups, so that a token that was
 * issued before would go on giving what the group gives. It follows from the objects alone, as `TokenFacts` does.
 */
export class LeftGroups {
  private readonly store: PolicyStore;
  private readonly digests: Digests;
  private readonly ids = new WeakMap<PolicyPlain, string>();
  private known: DepartureFacts | undefined;
  private keptAfterPruning = 0;

  constructor(store: PolicyStore, digests: Digests) {
    this.store = store;
    this.digests = digests;
  }

  now(): DepartureFacts {
    this.known ??= this.read();
    return this.known;
  }

  /** True for a membership that ended lately: whether it is there again matters. */
  concern(membershipUid: string): boolean {
    return this.store.leftGroups.has(membershipUid);
  }

  /** Call before something changes that they follow from. */
  question(): void {
    this.known = undefined;
  }

  /** Forgets those that no token can tell of any more, now and then. Not while a change may still be undone. */
  prune(): void {
    const { size } = this.store.leftGroups;
    if (size < this.keptAfterPruning + forgottenAtOnce) return;
    const last = this.last();
    for (const left of this.store.leftGroups.values()) {
      if (!isRecent(left, last)) this.store.remove('Plain', left.uid);
    }
    this.keptAfterPruning = this.store.leftGroups.size;
  }

  private last(): number {
    let last = 0;
    for (const left of this.store.leftGroups.values()) last = Math.max(last, leftAt(left));
    return last;
  }

  private read(): DepartureFacts {
    const last = this.last();
    const gone = Array.from(this.store.leftGroups.values()).filter(
      (left) => isRecent(left, last) && !this.store.memberships.has(left.uid),
    );
    if (gone.length === 0) return {};
    const each = this.listed(gone, (left) => this.idOf(left));
    if (each.length <= mostListed) return { departures: each };
    const byGroup = this.listed(gone, (left) => departureId(this.digests, subjectOf(left)));
    if (byGroup.length <= mostListed) return { departures: byGroup };
    return { groupsFrom: beforeOf(last) };
  }

  /** One for each id, the last to leave. */
  private listed(
    gone: readonly PolicyPlain[],
    idOf: (left: PolicyPlain) => string,
  ): readonly Departure[] {
    const found = new Map<string, number>();
    for (const left of gone) {
      const id = idOf(left);
      found.set(id, Math.max(found.get(id) ?? 0, beforeOf(leftAt(left))));
    }
    const listed = Array.from(found, ([id, before]) => ({ id, before }));
    return listed.sort((a, b) => compareText(a.id, b.id));
  }

  private idOf(left: PolicyPlain): string {
    let id = this.ids.get(left);
    if (id === undefined) {
      id = departureId(this.digests, subjectOf(left), String(left.spec['userUid']));
      this.ids.set(left, id);
    }
    return id;
  }
}

const leftAt = ({ spec }: PolicyPlain): number => Number(spec['leftAt']);
const isRecent = (left: PolicyPlain, last: number): boolean => leftAt(left) > last - longestTokenMs;
const subjectOf = ({ spec }: PolicyPlain): string => groupSubject(String(spec['group']));
const beforeOf = (at: number): number => Math.floor(at / 1_000) + settlingSeconds;
