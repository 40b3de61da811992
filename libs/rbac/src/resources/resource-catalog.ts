import { didYouMean } from '@ambit/kernel';
import type { ApiResource } from './api-resource.ts';

/** A resource in words: its group and version are those that were written, or undefined. */
interface Wanted {
  readonly resource: string;
  readonly group: string | undefined;
  readonly version: string | undefined;
}

const mostFound = 200;

/**
 * What one cluster serves, and what names mean there, by the rules of kubectl (k8s.io/client-go/restmapper and
 * ShortcutExpander, k8s.io/apimachinery/pkg/api/meta): earlier in the list is preferred.
 */
export class ResourceCatalog {
  readonly #resources: readonly ApiResource[];
  readonly #subresources = new Map<string, Map<string, Set<string>>>();
  /** What `find` answered: a thousand questions ask about a few words. */
  readonly #found = new Map<string, ApiResource | undefined>();
  readonly #verbs = new Map<ApiResource, readonly string[]>();

  constructor(served: readonly ApiResource[]) {
    this.#resources = served.filter(({ resource }) => !resource.includes('/'));
    for (const { group, resource, verbs } of served) {
      const slash = resource.indexOf('/');
      if (slash < 0) continue;
      const of = mapAt(this.#subresources, keyOf(group, resource.slice(0, slash)), newMap);
      const known = mapAt(of, resource.slice(slash + 1), newSet);
      for (const verb of verbs) known.add(verb);
    }
  }

  /**
   * The resource that a text stands for: plural, singular, short name or kind, bare, `.GROUP` (or the beginning of one)
   * or `.VERSION.GROUP` after it. Upper and lower case are one.
   */
  find(text: string): ApiResource | undefined {
    if (this.#found.has(text)) return this.#found.get(text);
    // People make words up without end.
    if (this.#found.size >= mostFound) this.#found.clear();
    const found = this.#looked(text);
    this.#found.set(text, found);
    return found;
  }

  #looked(text: string): ApiResource | undefined {
    const [resource = '', second, ...rest] = text.toLowerCase().split('.');
    const group = second === undefined ? undefined : [second, ...rest].join('.');
    const whole = rest.length === 0 ? undefined : this.#named(resource, rest.join('.'), second);
    return (
      whole ??
      this.#named(resource, group) ??
      (group !== undefined && versionPattern.test(group)
        ? this.#named(resource, undefined, group)
        : undefined)
    );
  }

  /** The same within exactly one group; the empty one is the core group. */
  findIn(group: string, text: string): ApiResource | undefined {
    const there = this.#resources.filter((each) => each.group === group);
    return byName(there, text.toLowerCase()) ?? byKind(there, text.toLowerCase());
  }

  /** The resource of exactly this group and plural, in the version that is preferred. */
  exactly(group: string, resource: string): ApiResource | undefined {
    return this.#resources.find((each) => each.group === group && each.resource === resource);
  }

  /** Names of the subresources with the verbs they serve. */
  subresourcesOf({ group, resource }: ApiResource): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#subresources.get(keyOf(group, resource)) ?? new Map();
  }

  /** Verbs that any version of the resource serves; empty when it is not known. */
  verbsOf(of: ApiResource): readonly string[] {
    let verbs = this.#verbs.get(of);
    if (verbs === undefined) this.#verbs.set(of, (verbs = this.#verbsOfVersions(of)));
    return verbs;
  }

  #verbsOfVersions({ group, resource }: ApiResource): readonly string[] {
    const versions = this.#resources.filter(
      (each) => each.group === group && each.resource === resource,
    );
    return [...new Set(versions.flatMap(({ verbs }) => verbs))];
  }

  /** What may have been meant by a text that `find` does not know, most likely first; at most three. */
  suggest(text: string): string[] {
    const asked = text.toLowerCase();
    const [head = ''] = asked.split('.');
    const elsewhere = head === asked ? undefined : this.find(head);
    const names = this.#resources.flatMap(({ group, resource, singular }) => [
      resource,
      ...(singular === '' ? [] : [singular]),
      ...(group === '' || head === asked ? [] : [`${resource}.${group}`]),
    ]);
    const near = didYouMean(asked, new Set(names));
    const first = elsewhere === undefined ? [] : [qualifiedResource(elsewhere)];
    return [...new Set([...first, ...near])].slice(0, 3);
  }

  #named(resource: string, group?: string, version?: string): ApiResource | undefined {
    const wanted = this.#expanded({ resource, group: group === '' ? undefined : group, version });
    const found = this.#matching(wanted, byName);
    if (found !== undefined) return found;
    return this.#matching({ resource, group: wanted.group, version }, byKind);
  }

  /** A full name is never taken for a short one; of short ones the first wins. */
  #expanded(wanted: Wanted): Wanted {
    const { resource, group } = wanted;
    const inGroup = group === undefined ? this.#resources : this.#inGroup(group);
    if (inGroup.some((each) => each.resource === resource)) return wanted;
    const isShort = ({ shortNames }: ApiResource): boolean => shortNames.includes(resource);
    const found = inGroup.find(isShort) ?? (group && this.#inGroupsLike(group).find(isShort));
    if (!found) return wanted;
    return { ...wanted, resource: found.resource, group: found.group || undefined };
  }

  #matching(
    { resource, group, version }: Wanted,
    by: (resources: readonly ApiResource[], name: string) => ApiResource | undefined,
  ): ApiResource | undefined {
    const ofVersion = (resources: readonly ApiResource[]): readonly ApiResource[] =>
      version === undefined ? resources : resources.filter((each) => each.version === version);
    if (group === undefined) return by(ofVersion(this.#resources), resource);
    const exact = by(ofVersion(this.#inGroup(group)), resource);
    if (exact !== undefined || version !== undefined) return exact;
    return by(this.#inGroupsLike(group), resource);
  }

  #inGroup(group: string): readonly ApiResource[] {
    return this.#resources.filter((each) => each.group === group);
  }

  /** The beginning of a group is enough: `ingresses.networking`. */
  #inGroupsLike(group: string): readonly ApiResource[] {
    return this.#resources.filter((each) => each.group.startsWith(group));
  }
}

/** `deployments.apps`, or `pods` for the core group. */
export function qualifiedResource({
  group,
  resource,
}: Pick<ApiResource, 'group' | 'resource'>): string {
  return group === '' ? resource : `${resource}.${group}`;
}

const versionPattern = /^v[0-9]+(?:(?:alpha|beta)[0-9]+)?$/;

function byName(resources: readonly ApiResource[], name: string): ApiResource | undefined {
  return (
    resources.find(({ resource }) => resource === name) ??
    resources.find(({ singular, kind }) => (singular || kind.toLowerCase()) === name) ??
    resources.find(({ shortNames }) => shortNames.includes(name))
  );
}

function byKind(resources: readonly ApiResource[], name: string): ApiResource | undefined {
  return resources.find(({ kind }) => kind.toLowerCase() === name);
}

const keyOf = (group: string, resource: string): string => `${resource}.${group}`;
const newMap = (): Map<string, Set<string>> => new Map();
const newSet = (): Set<string> => new Set();

function mapAt<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
