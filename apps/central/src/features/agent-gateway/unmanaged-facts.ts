import { unmanagedRoleKey } from '@ambit/domain';
import type { UnmanagedBinding, UnmanagedSubject } from '@ambit/domain';
import type { InventoryUpdate, UnmanagedTold, UnmanagedUpdate } from '@ambit/persistence';
import { ruleFromWire } from '@ambit/protocol';
import type { wire } from '@ambit/protocol';

/** Of one binding; what an agent tells beyond them is counted. */
const mostSubjects = 1_000;
const mostManagers = 8;

const bindingKinds: ReadonlySet<string> = new Set(['RoleBinding', 'ClusterRoleBinding']);
const roleKinds: ReadonlySet<string> = new Set(['Role', 'ClusterRole']);
const subjectKinds: ReadonlySet<string> = new Set(['User', 'Group', 'ServiceAccount']);

/** What an agent told of bindings that are not ours; nothing where the message tells nothing of them. */
export function unmanagedPart(inventory: wire.Inventory): Pick<InventoryUpdate, 'unmanaged'> {
  const { unmanaged: part } = inventory;
  if (part === null) return {};
  const { whole, after, through, leftOut } = part;
  const unmanaged: UnmanagedUpdate = {
    ...(whole ? { whole: { after, through } } : {}),
    told: toldOf(inventory),
    removed: inventory.removedUnmanaged,
    leftOut,
  };
  return { unmanaged };
}

/** One row a key: what is told twice counts as it was told last. */
function toldOf({ unmanagedBindings, unmanagedRoles }: wire.Inventory): UnmanagedTold[] {
  const told = [...unmanagedBindings.flatMap(bindingOf), ...unmanagedRoles.map(roleOf)];
  return [...new Map(told.map((fact) => [fact.key, fact])).values()];
}

/** What is no binding that Kubernetes knows is left out: it could give nothing. */
function bindingOf(fact: wire.UnmanagedBindingFact): UnmanagedTold[] {
  if (!bindingKinds.has(fact.kind) || !roleKinds.has(fact.roleKind)) return [];
  const { kind, roleKind } = fact as Pick<UnmanagedBinding, 'kind' | 'roleKind'>;
  const namespace = kind === 'ClusterRoleBinding' ? '' : fact.namespace;
  const known = fact.subjects.filter((subject) => subjectKinds.has(subject.kind));
  const subjects = known.slice(0, mostSubjects) as unknown as UnmanagedSubject[];
  return [
    {
      key: `${kind}/${namespace}/${fact.name}`,
      kind,
      namespace,
      name: fact.name,
      roleKind,
      roleName: fact.roleName,
      subjects,
      moreSubjects: fact.moreSubjects + known.length - subjects.length,
      owner: fact.owner,
      fieldManagers: fact.fieldManagers.slice(0, mostManagers),
      system: fact.system,
    },
  ];
}

function roleOf({ namespace, name, rules, rulesLeftOut }: wire.RoleFact): UnmanagedTold {
  const role = { namespace, name, rules: rules.map(ruleFromWire), rulesLeftOut };
  return { key: unmanagedRoleKey(role), ...role };
}
