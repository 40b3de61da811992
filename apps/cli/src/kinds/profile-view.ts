import { namespaceProfileKind, type NamespaceProfile } from '@ambit/contracts';
import { kindView } from './kind-view.ts';

type Spec = NamespaceProfile['spec'];

const podSecurityIn = ({ podSecurity = {} }: Spec): string[] =>
  (['enforce', 'warn', 'audit'] as const).flatMap((mode) => {
    const wanted = podSecurity[mode];
    if (wanted === undefined) return [];
    const { level, version } = wanted;
    return [`${mode}: ${level}${version === undefined ? '' : ` (${version})`}`];
  });

const pairs = (texts: Readonly<Record<string, string>>): string[] =>
  Object.entries(texts).map(([key, value]) => `${key}=${value}`);

const policiesIn = ({ networkPolicies: { preset, own } }: Spec): string[] => [
  ...(preset === 'None' ? [] : [preset]),
  ...own.map(({ name }) => name),
];

export const profileView = kindView<NamespaceProfile>({
  contract: namespaceProfileKind,
  columns: () => [
    { title: 'CREATES', value: ({ spec }) => (spec.create ? 'yes' : 'no') },
    { title: 'PODS', value: ({ spec }) => spec.podSecurity?.enforce?.level ?? '' },
    { title: 'QUOTA', value: ({ spec }) => (spec.resourceQuota === undefined ? 'no' : 'yes') },
    { title: 'POLICIES', value: ({ spec }) => policiesIn(spec).join(', '), flexible: true },
  ],
  lines: ({ spec }) => [
    ['Description', spec.description ?? ''],
    ['Creates namespaces', spec.create ? 'yes' : 'no'],
    ['Labels', pairs(spec.labels)],
    ['Pod Security', podSecurityIn(spec)],
    ['Quota', pairs(spec.resourceQuota?.hard ?? {})],
    ['Limits', (spec.limitRange?.limits ?? []).map(({ type }) => String(type))],
    ['Network policies', policiesIn(spec)],
  ],
});
