import { setImmediate } from 'node:timers/promises';
import type { ApplyAction, PolicyDocument, PolicyKindName } from '@ambit/contracts';
import type { GrantSource } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { Clock, ErrorItem } from '@ambit/kernel';
import type { Precondition } from '@ambit/persistence';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { CommitPolicy, CommitRequest, CommitResult } from './commit-policy.ts';
import { missingReferences, namesIn, ownNames, referencesIn } from './name-resolver.ts';
import type { Identified, PolicyKinds, ServedKind } from './policy-kind.ts';
import { inWritingOrder, putDocument } from './put-document.ts';

/** What became of one document. */
export interface DocumentOutcome {
  readonly document: number;
  readonly kind: PolicyKindName;
  readonly name: string;
  readonly uid: string;
  readonly action: ApplyAction;
  /** Absent in a dry run of a change: only the commit gives it. */
  readonly resourceVersion?: number;
  /** As it was put; `resourceVersion` beside it is the one that it has now. */
  readonly record: Identified;
}

/** A change that says by which way in it comes. */
export type SourcedRequest = CommitRequest & {
  readonly source: GrantSource;
  /** False for kinds of which the caller may not know every name; absent: there is none. */
  readonly mayRead?: (kind: PolicyKindName) => boolean;
};

type ProblemsOf = NonNullable<ServedKind['problems']>;

/** Documents that are worked out between two looks at what else is to do: a few milliseconds of work. */
const plannedAtOnce = 100;

const actions = { created: 'created', updated: 'configured', unchanged: 'unchanged' } as const;

/** Creates or replaces objects: all of them are judged first, then they are one revision, or none of them is stored. */
export class ApplyDocuments {
  readonly #commit: CommitPolicy;
  readonly #world: PolicyWorld;
  readonly #kinds: PolicyKinds;
  readonly #clock: Clock;

  constructor(commit: CommitPolicy, world: PolicyWorld, kinds: PolicyKinds, clock: Clock) {
    this.#commit = commit;
    this.#world = world;
    this.#kinds = kinds;
    this.#clock = clock;
  }

  /**
   * The documents are sound by their schemas and each object stands in them once. Throws `invalid_policy` with every
   * problem of every document, and what `CommitPolicy.run` throws.
   */
  async execute(
    documents: readonly PolicyDocument[],
    request: SourcedRequest & { readonly precondition?: Precondition },
  ): Promise<CommitResult<readonly DocumentOutcome[]>> {
    const result = await this.#commit.run(request, async (tx) => {
      const kinds = this.#kinds;
      const now = this.#clock.now();
      const references = referencesIn(kinds, documents);
      const names = await tx.names.find(namesIn(references, documents));
      refuse(
        [
          ...missingReferences(references, documents, names, (kind) =>
            request.mayRead?.(kind) === false ? [] : this.#world.policy.names(kind),
          ),
          ...(await this.#problems(documents, (kind, document) =>
            kind.problems?.(tx, document, now),
          )),
        ],
        documents.length,
      );
      await tx.names.expect(ownNames(documents));
      const outcomes: DocumentOutcome[] = [];
      for (const { document, index } of inWritingOrder(kinds, numbered(documents))) {
        if (outcomes.length % plannedAtOnce === plannedAtOnce - 1) await setImmediate();
        const { outcome, record } = await putDocument(
          kinds,
          { tx, names, source: request.source },
          document,
          request.precondition,
        );
        names.add(document.kind, record.name, record.uid);
        outcomes.push({
          document: index,
          kind: document.kind,
          name: record.name,
          uid: record.uid,
          record,
          action: actions[outcome],
          ...(outcome === 'unchanged' ? { resourceVersion: record.resourceVersion } : {}),
        });
      }
      const together = await this.#problems(documents, (kind, document) =>
        kind.problemsTogether?.({ tx, names }, document),
      );
      refuse(together, documents.length);
      return outcomes.sort((a, b) => a.document - b.document);
    });
    return { ...result, value: request.dryRun === true ? result.value : stamped(result) };
  }

  async #problems(
    documents: readonly PolicyDocument[],
    of: (kind: ServedKind, document: PolicyDocument) => ReturnType<ProblemsOf> | undefined,
  ): Promise<ErrorItem[]> {
    const problems: ErrorItem[] = [];
    for (const { document, index } of numbered(documents)) {
      if (index % plannedAtOnce === plannedAtOnce - 1) await setImmediate();
      const found = (await of(this.#kinds.of(document.kind), document)) ?? [];
      problems.push(...found.map((item) => ({ document: index, ...item })));
    }
    return problems;
  }
}

/** What changed is at the revision of the commit. */
function stamped({ value, revision }: CommitResult<readonly DocumentOutcome[]>): DocumentOutcome[] {
  return value.map((outcome) => ({ resourceVersion: revision, ...outcome }));
}

const numbered = (
  documents: readonly PolicyDocument[],
): { document: PolicyDocument; index: number }[] =>
  documents.map((document, index) => ({ document, index }));

function refuse(errors: readonly ErrorItem[], documents: number): void {
  if (errors.length === 0) return;
  const [first] = errors;
  const onlyPast = errors.every(({ pointer }) => pointer === '/spec/until');
  const where =
    documents > 1
      ? ` in ${new Set(errors.map(({ document }) => document)).size} of ${documents} objects`
      : '';
  throw new AppError(
    onlyPast ? 'end_in_the_past' : 'invalid_policy',
    errors.length === 1
      ? `${first?.message ?? ''}`
      : `${errors.length} problems${where}; nothing was stored`,
    { errors },
  );
}
