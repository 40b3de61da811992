import type { PolicyDocument } from '@ambit/contracts';
import type { PolicyGrant } from '@ambit/domain';
import type { Clock } from '@ambit/kernel';
import { readClusterRole, readResources } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { ResourceCatalog, roleScope } from '@ambit/rbac';
import type { PolicyRule, RoleScope } from '@ambit/rbac';
import type { PolicyWorld } from '../desired-state/public.ts';
import { hoursWarnings } from './hours-warnings.ts';
import { wayInWarnings } from './way-in-warnings.ts';

type Documents<K extends PolicyDocument['kind']> = Extract<PolicyDocument, { kind: K }>;
type RoleSpec = Pick<Documents<'Role'>['spec'], 'rules' | 'clusterRole'>;

/** Clusters by whose discovery a role is judged: which objects are of the cluster hardly differs between them. */
const mostClusters = 20;
const mostWarnings = 20;
const mostNamed = 5;
/** What they give beside namespaced things differs with what is installed, and is nobody's here to change. */
const builtIn: ReadonlySet<string> = new Set(['view', 'edit', 'admin']);

/**
 * Tells of roles that speak of objects of the cluster and are granted in namespaces: of those they give nothing. That is no
 * error: the same role may be granted cluster-wide elsewhere.
 */
export class ScopeWarnings {
  readonly #database: Database;
  readonly #world: PolicyWorld;
  readonly #clock: Clock;

  constructor(database: Database, world: PolicyWorld, clock: Clock) {
    this.#database = database;
    this.#world = world;
    this.#clock = clock;
  }

  /**
   * One sentence for each grant among `documents`, or of a role among them; for each that gives what a team owns that owns
   * nothing; for each whose hours never come; and those on ways into clusters. At most 20.
   */
  async of(documents: readonly PolicyDocument[]): Promise<readonly string[]> {
    const ofWaysIn = await wayInWarnings(this.#database, this.#world, documents);
    const ofHours = hoursWarnings(documents, this.#clock.now());
    const all = [
      ...this.#ofOwned(documents),
      ...ofHours,
      ...ofWaysIn,
      ...(await this.#ofScopes(documents)),
    ];
    return all.slice(0, mostWarnings);
  }

  /** Such a grant gives something as soon as the team owns something, so that it is no error. */
  #ofOwned(documents: readonly PolicyDocument[]): string[] {
    const given = new Map(
      documents.flatMap(({ kind, metadata, spec }) =>
        kind === 'Team' ? [[metadata.name, spec.owns] as const] : [],
      ),
    );
    return documents.flatMap(({ kind, metadata, spec }) => {
      if (kind !== 'Grant' || spec.scope.namespaces?.owned === undefined) return [];
      const idle = spec.subjects.flatMap(({ team = '' }) => {
        const stored = this.#world.policy.byName('Team', team);
        const owns = given.get(team) ?? (stored?.kind === 'Team' ? stored.owns : []);
        return owns.length === 0 ? [team] : [];
      });
      return idle.map(
        (team) =>
          `Grant ${metadata.name} gives team ${team} what it owns, and it owns nothing: nobody holds anything by that.`,
      );
    });
  }

  async #ofScopes(documents: readonly PolicyDocument[]): Promise<readonly string[]> {
    const grants = this.#namespacedGrants(documents);
    if (grants.size === 0) return [];
    const roles = rolesIn(documents);
    const scopes = new Map<string, RoleScope | undefined>();
    const warnings: string[] = [];
    for (const [grant, role] of grants) {
      if (!scopes.has(role)) scopes.set(role, await this.#scope(role, roles.get(role)));
      const scope = scopes.get(role);
      if (scope === undefined || scope.clusterScoped.length === 0) continue;
      warnings.push(warning(grant, role, scope));
      if (warnings.length === mostWarnings) break;
    }
    return warnings;
  }

  /** Grants that hold in namespaces, with the name of their role. */
  #namespacedGrants(documents: readonly PolicyDocument[]): Map<string, string> {
    const { policy } = this.#world;
    const found = new Map<string, string>();
    for (const document of documents) {
      if (document.kind !== 'Role') continue;
      const { name } = document.metadata;
      const stored = policy.byName('Role', name);
      if (stored === undefined) continue;
      for (const grant of policy.grantsNaming('Role', stored.uid)) {
        if (inNamespaces(grant)) found.set(grant.name, name);
      }
    }
    for (const document of documents) {
      if (document.kind !== 'Grant') continue;
      const { name } = document.metadata;
      if (document.spec.scope.namespaces === undefined) found.delete(name);
      else found.set(name, document.spec.role);
    }
    return found;
  }

  async #scope(name: string, given: RoleSpec | undefined): Promise<RoleScope | undefined> {
    const stored = this.#world.policy.byName('Role', name);
    const role = given ?? (stored?.kind === 'Role' ? stored : undefined);
    if (role === undefined || builtIn.has(role.clusterRole ?? '')) return undefined;
    const uids = this.#someClusters();
    const rules = role.rules ?? (await this.#reported(uids, role.clusterRole));
    if (rules === undefined || rules.length === 0) return undefined;
    const served = await readResources(this.#database, uids);
    const catalogs = Array.from(served.values(), (resources) => new ResourceCatalog(resources));
    return roleScope(rules, catalogs);
  }

  async #reported(
    uids: readonly string[],
    clusterRole: string | undefined,
  ): Promise<readonly PolicyRule[] | undefined> {
    if (clusterRole === undefined) return undefined;
    return (await readClusterRole(this.#database, uids, clusterRole))[0];
  }

  #someClusters(): string[] {
    const uids: string[] = [];
    for (const { uid } of this.#world.policy.clusters()) {
      uids.push(uid);
      if (uids.length === mostClusters) break;
    }
    return uids;
  }
}

const inNamespaces = ({ scope, ended }: PolicyGrant): boolean =>
  !ended && scope.namespaces.type !== 'clusterWide';

function rolesIn(documents: readonly PolicyDocument[]): ReadonlyMap<string, RoleSpec> {
  return new Map(
    documents.flatMap((document) =>
      document.kind === 'Role' ? [[document.metadata.name, document.spec] as const] : [],
    ),
  );
}

function warning(grant: string, role: string, { clusterScoped, namespaced }: RoleScope): string {
  const more = clusterScoped.length - mostNamed;
  const named =
    clusterScoped.slice(0, mostNamed).join(', ') + (more > 0 ? ` and ${more} more` : '');
  const all = namespaced ? 'not these of' : 'nothing of';
  const onePath = clusterScoped.length === 1 && named.startsWith('/');
  const belong = onePath ? 'belongs' : 'belong';
  return `Grant ${grant} holds in namespaces and gives ${all} role ${role}: ${named} ${belong} to no namespace; only a cluster-wide grant gives that.`;
}
