import { compareText, sortedJson } from '@ambit/kernel';
import { podSecurityPrefix, reservedLabelDomain } from '@ambit/rbac';
import type { ProfileEntry, ProfileObject, ProfileObjectKind } from '@ambit/rbac';
import type { PolicyPlain } from '../policy-objects.ts';

/** The kind of what stands in the namespaces of teams. */
export const namespaceProfileKind = 'NamespaceProfile';

export const profileKey = (uid: string): string => `PROFILE/${uid}`;
export const namespaceKey = (pattern: string): string => `NAMESPACE/${pattern}`;

export const podSecurityModes = ['enforce', 'warn', 'audit'] as const;
type PodSecurityMode = (typeof podSecurityModes)[number];

/** What is wrong with the key of a label that a profile is to write; undefined when it may. */
export function profileLabelProblem(key: string): string | undefined {
  const taken = reservedLabelDomain(key);
  if (taken === undefined) return undefined;
  const instead = key.startsWith(podSecurityPrefix) ? ': say it in "podSecurity"' : '';
  return `labels of ${taken} are not written by a profile${instead}`;
}

interface PodSecurity {
  readonly level: 'privileged' | 'baseline' | 'restricted';
  /** `latest` or a minor version of Kubernetes, such as `v1.36`. */
  readonly version?: string;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The spec of a NamespaceProfile as it is stored. */
export interface NamespaceProfileSpec {
  readonly create: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly podSecurity?: { readonly [M in PodSecurityMode]?: PodSecurity };
  readonly resourceQuota?: Json;
  readonly limitRange?: Json;
  readonly networkPolicies: {
    readonly preset: 'DefaultDeny' | 'None';
    readonly own: readonly { readonly name: string; readonly spec: Json }[];
  };
}

const inSameNamespace = [{ podSelector: {} }];

/** Only within the namespace, and to the cluster's DNS where Kubernetes itself runs it. */
const defaultDeny: Json = {
  podSelector: {},
  policyTypes: ['Ingress', 'Egress'],
  ingress: [{ from: inSameNamespace }],
  egress: [
    { to: inSameNamespace },
    {
      to: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
          podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
        },
      ],
      ports: [
        { protocol: 'UDP', port: 53 },
        { protocol: 'TCP', port: 53 },
      ],
    },
  ],
};

/** The name of a NetworkPolicy that the preset makes: none of a profile's own may have it. */
export const presetPolicyName = 'default-deny';

const entries = new WeakMap<PolicyPlain, ProfileEntry>();

/** The PROFILE entry of a profile, the same object for every cluster. */
export function profileEntry(profile: PolicyPlain): ProfileEntry {
  let entry = entries.get(profile);
  if (entry === undefined) {
    const { uid, name } = profile;
    const spec = profile.spec as unknown as NamespaceProfileSpec;
    entry = {
      section: 'PROFILE',
      key: profileKey(uid),
      uid,
      name,
      create: spec.create,
      labels: labelsOf(spec),
      objects: objectsOf(spec),
    };
    entries.set(profile, entry);
  }
  return entry;
}

function labelsOf({ labels, podSecurity = {} }: NamespaceProfileSpec): [string, string][] {
  const ofPods = podSecurityModes.flatMap((mode): [string, string][] => {
    const wanted = podSecurity[mode];
    if (wanted === undefined) return [];
    const { level, version = 'latest' } = wanted;
    return [
      [`${podSecurityPrefix}${mode}`, level],
      [`${podSecurityPrefix}${mode}-version`, version],
    ];
  });
  return [...Object.entries(labels), ...ofPods].sort(([a], [b]) => compareText(a, b));
}

function objectsOf({
  resourceQuota,
  limitRange,
  networkPolicies,
}: NamespaceProfileSpec): ProfileObject[] {
  const object = (kind: ProfileObjectKind, name: string, spec: Json): ProfileObject => {
    return { kind, name: `ambit-${name}`, spec: sortedJson(spec) };
  };
  const { preset, own } = networkPolicies;
  const objects = [
    ...(resourceQuota === undefined ? [] : [object('ResourceQuota', 'quota', resourceQuota)]),
    ...(limitRange === undefined ? [] : [object('LimitRange', 'limits', limitRange)]),
    ...(preset === 'None' ? [] : [object('NetworkPolicy', presetPolicyName, defaultDeny)]),
    ...own.map(({ name, spec }) => object('NetworkPolicy', name, spec)),
  ];
  return objects.sort((a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name));
}
