import type { AmbitClient } from '@ambit/client';
import {
  operationsOf,
  type ApplyResult,
  type ListQuery,
  type PolicyKindName,
  type PolicyResource,
  type WriteQuery,
} from '@ambit/contracts';
import { AppError, didYouMean } from '@ambit/kernel';
import type { KindView } from './kinds/kind-view.ts';
import { kindViews } from './kinds/kind-views.ts';

interface ListPage {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string | undefined };
  readonly items: readonly PolicyResource[];
}

/** How one kind is called, shown and reached. */
export interface Kind {
  readonly kind: PolicyKindName;
  readonly plural: string;
  readonly view: KindView;
  readonly list: (client: AmbitClient, query: Partial<ListQuery>) => Promise<ListPage>;
  readonly get: (client: AmbitClient, name: string) => Promise<PolicyResource>;
  readonly delete: (
    client: AmbitClient,
    name: string,
    query: Partial<WriteQuery>,
  ) => Promise<ApplyResult>;
}

/** A call of the client by operationId: what each takes and answers is the same for every kind. */
type AnyCall = (args: object) => Promise<never>;

function kindOf(view: KindView): Kind {
  const { kind, plural } = view.contract;
  const operations = operationsOf({ kind, plural });
  const call = ({ api }: AmbitClient, step: keyof typeof operations, args: object) =>
    (api[operations[step]] as AnyCall)(args);
  return {
    kind,
    plural,
    view,
    list: (client, query) => call(client, 'list', { query }),
    get: (client, name) => call(client, 'get', { params: { name } }),
    delete: (client, name, query) => call(client, 'delete', { params: { name }, query }),
  };
}

const kinds = kindViews.map(kindOf);

/** Every word for a kind: singular and plural. */
export const kindWords = kinds.flatMap(({ kind, plural }) => [kind.toLowerCase(), plural]);

/** The kind a person means: singular or plural, in any case. Throws `usage` naming the nearest. */
export function findKind(word: string): Kind {
  const wanted = word.toLowerCase();
  const found = kinds.find(({ kind, plural }) => [kind.toLowerCase(), plural].includes(wanted));
  if (found !== undefined) return found;
  const [near] = didYouMean(wanted, kindWords, 1);
  throw new AppError('usage', `there is no kind "${word}"`, {
    hint:
      near === undefined
        ? `known: ${kinds.map(({ plural }) => plural).join(', ')}`
        : `did you mean ${near}?`,
  });
}

/** `KIND NAME` or `KIND/NAME`, as kubectl takes them. Throws `usage`. */
export function kindAndNames(args: readonly string[]): { kind: Kind; names: string[] } {
  const [first = '', ...names] = args;
  const slash = first.indexOf('/');
  if (slash < 0) return { kind: findKind(first), names };
  return { kind: findKind(first.slice(0, slash)), names: [first.slice(slash + 1), ...names] };
}
