import { changing, creating } from './api-server-attack.ts';
import type { Attack, Route } from './api-server-attack.ts';
import type { Dice } from './api-server-dice.ts';
import { collectionOf, honestBinding, honestRole, person, standing } from './api-server-objects.ts';
import type { Draft } from './api-server-objects.ts';
import { names, powers, roles, strangers } from './api-server-temptations.ts';
import { rbacGroup } from './api-server-world.ts';
import type { OwnersWill } from './api-server-world.ts';

interface Spoil {
  readonly says: string;
  /** Is it something that only a new object can be? */
  readonly onlyNew?: true;
  spoil(draft: Draft, dice: Dice): string;
}

function subjectsSpoilt(draft: Draft, dice: Dice): string {
  const stranger = dice.pick(strangers);
  draft.subjects = [...(draft.subjects ?? [])];
  draft.subjects.splice(dice.below(draft.subjects.length + 1), 0, stranger);
  return `${stranger.kind} ${JSON.stringify(stranger.name)}`;
}

const bindingSpoils: readonly Spoil[] = [
  { says: 'binds', spoil: subjectsSpoilt },
  { says: 'binds', spoil: subjectsSpoilt },
  {
    says: 'refers to',
    onlyNew: true,
    spoil: (draft, dice) => {
      const [kind, name] = dice.pick(roles);
      draft.roleRef = { apiGroup: rbacGroup, kind, name };
      return `${kind} ${JSON.stringify(name)}`;
    },
  },
  {
    says: 'binds in',
    onlyNew: true,
    spoil: (draft, dice) => {
      const namespace = dice.pick([
        'kube-system',
        'kube-public',
        'kube-node-lease',
        'ambit-system',
      ]);
      draft.kind = 'RoleBinding';
      draft.metadata.namespace = namespace;
      return namespace;
    },
  },
  {
    says: 'binds too many',
    spoil: (draft) => {
      draft.subjects = Array.from({ length: 300 }, (_, index) => person(`ambit:p-${index}`));
      return '300';
    },
  },
];

const roleSpoils: readonly Spoil[] = [
  {
    says: 'allows',
    spoil: (draft, dice) => {
      const power = dice.pick(powers);
      draft.rules = [...(draft.rules ?? [])];
      draft.rules.splice(dice.below(draft.rules.length + 1), 0, power);
      return JSON.stringify(power);
    },
  },
  {
    says: 'aggregates',
    spoil: (draft, dice) => {
      const selector = dice.pick([{}, { matchLabels: { 'acme.io/collect': 'yes' } }]);
      draft.aggregationRule = { clusterRoleSelectors: [selector] };
      return JSON.stringify(selector);
    },
  },
  {
    says: 'is aggregated by the label',
    spoil: (draft, dice) => {
      const label = dice.pick([
        'rbac.authorization.k8s.io/aggregate-to-edit',
        'rbac.authorization.k8s.io/aggregate-to-admin',
        'acme.io/collect',
      ]);
      draft.metadata.labels = { ...draft.metadata.labels, [label]: 'true' };
      return label;
    },
  },
];

const metaSpoils: readonly Spoil[] = [
  {
    says: 'has a finalizer',
    spoil: (draft) => {
      draft.metadata.finalizers = ['hostile.io/keep'];
      return 'hostile.io/keep';
    },
  },
  {
    says: 'has an owner',
    spoil: (draft, dice) => {
      const kind = dice.pick(['Pod', 'ConfigMap']);
      draft.metadata.ownerReferences = [
        { apiVersion: 'v1', kind, name: 'gone', uid: '00000000-0000-0000-0000-000000000000' },
      ];
      return kind;
    },
  },
  {
    says: 'lacks the label',
    spoil: (draft, dice) => {
      const key = dice.pick(Object.keys(draft.metadata.labels ?? {}));
      draft.metadata.labels = { ...draft.metadata.labels, [key]: dice.pick(['', 'x']) };
      if (key !== 'ambit.dev/managed-by') draft.metadata.labels[key] = '';
      return key;
    },
  },
  {
    says: 'has the annotation',
    spoil: (draft, dice) => {
      const key = dice.pick(['rbac.authorization.kubernetes.io/autoupdate', 'acme.io/owner']);
      draft.metadata.annotations = { ...draft.metadata.annotations, [key]: 'true' };
      return key;
    },
  },
  {
    says: 'is called',
    onlyNew: true,
    spoil: (draft, dice) => {
      draft.metadata.name = dice.pick(names);
      return JSON.stringify(draft.metadata.name);
    },
  },
];

function spoilt(dice: Dice, draft: Draft, spoils: readonly Spoil[], isNew: boolean): string {
  const { says, spoil } = dice.pick(spoils.filter(({ onlyNew }) => isNew || onlyNew !== true));
  return `${draft.kind} that ${says} ${spoil(draft, dice)}`;
}

/** Standing objects of ours are changed, new ones made. */
function written(dice: Dice, draft: Draft, isNew: boolean, says: string): Attack {
  const request = isNew
    ? creating(dice, collectionOf(draft), draft)
    : changing(dice, collectionOf(draft), draft);
  const { method, contentType = '' } = request;
  return { says: `${method} ${contentType} ${isNew ? 'a new' : 'ours as a'} ${says}`, request };
}

export const hostileBinding: Route = (dice, will) => {
  const isNew = dice.chance(0.6);
  const draft = honestBinding(dice, will, isNew ? undefined : standing.RoleBinding);
  if (!isNew) draft.metadata.namespace = 'payments';
  if (!isNew) draft.roleRef = { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'view' };
  if (isNew && !will.clusterScope && dice.chance(0.15)) {
    draft.kind = 'ClusterRoleBinding';
    delete draft.metadata.namespace;
    return written(dice, draft, true, 'ClusterRoleBinding, though none is allowed');
  }
  const spoils = [...bindingSpoils, ...metaSpoils];
  return written(dice, draft, isNew, spoilt(dice, draft, spoils, isNew));
};

export const hostileRole: Route = (dice, will: OwnersWill) => {
  const isNew = will.customRules.length === 0 || dice.chance(0.6);
  const draft = honestRole(dice, will, isNew ? undefined : standing.ClusterRole);
  return written(dice, draft, isNew, spoilt(dice, draft, [...roleSpoils, ...metaSpoils], isNew));
};
