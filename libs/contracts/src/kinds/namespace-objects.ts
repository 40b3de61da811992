import { namePatterns, namespaceNameProblem } from '@ambit/kernel';
import { z } from 'zod';
import { judged } from '../names.ts';
import { LabelKey, LabelValue } from '../metadata.ts';

/** What Kubernetes takes in the specs that a profile writes: enough that a wrong one is refused here, with its place. */

const Quantity = judged(
  (text) =>
    /^[0-9]{1,18}(\.[0-9]{1,9})?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$/.test(text)
      ? undefined
      : `"${text.slice(0, 40)}" is no quantity, such as "4", "500m" or "16Gi"`,
  { pattern: '^[0-9]+([.][0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$', maxLength: 40 },
);

const ResourceName = judged(
  (text) =>
    text.length <= 253 && /^[a-z0-9]([a-zA-Z0-9._/-]*[a-zA-Z0-9])?$/.test(text)
      ? undefined
      : `"${text.slice(0, 40)}" is no name of a resource, such as "requests.cpu" or "count/jobs.batch"`,
  { pattern: '^[a-z0-9]([a-zA-Z0-9._/-]*[a-zA-Z0-9])?$', maxLength: 253 },
);

const quantities = (most: number) =>
  z
    .record(ResourceName, Quantity)
    .refine((all) => Object.keys(all).length <= most, `at most ${most} resources`);

/** `spec` of the ResourceQuota. */
export const ResourceQuotaWrite = z.strictObject({
  hard: quantities(64).refine((all) => Object.keys(all).length > 0, 'limit at least one resource'),
});

/** `spec` of the LimitRange. */
export const LimitRangeWrite = z.strictObject({
  limits: z
    .array(
      z.strictObject({
        type: z.enum(['Container', 'Pod', 'PersistentVolumeClaim']),
        default: quantities(16).exactOptional(),
        defaultRequest: quantities(16).exactOptional(),
        max: quantities(16).exactOptional(),
        min: quantities(16).exactOptional(),
        maxLimitRequestRatio: quantities(16).exactOptional(),
      }),
    )
    .min(1, 'limit at least one type')
    .max(8),
});

const PodLabelSelector = z.strictObject({
  matchLabels: z
    .record(LabelKey, LabelValue)
    .refine((labels) => Object.keys(labels).length <= 16, 'at most 16 labels')
    .exactOptional(),
  matchExpressions: z
    .array(
      z.strictObject({
        key: LabelKey,
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(LabelValue).max(16).exactOptional(),
      }),
    )
    .max(16)
    .exactOptional(),
});

const Cidr = z
  .string()
  .max(64)
  .regex(/^[0-9a-fA-F.:]+\/[0-9]{1,3}$/, 'a range of addresses, such as 10.0.0.0/8');

const Peer = z.strictObject({
  podSelector: PodLabelSelector.exactOptional(),
  namespaceSelector: PodLabelSelector.exactOptional(),
  ipBlock: z
    .strictObject({ cidr: Cidr, except: z.array(Cidr).max(16).exactOptional() })
    .exactOptional(),
});

const PortNumber = z.int().min(1).max(65_535);
const Port = z.strictObject({
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).exactOptional(),
  port: z
    .union([PortNumber, z.string().regex(/^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/)], {
      error: 'the number or the name of a port',
    })
    .exactOptional(),
  endPort: PortNumber.exactOptional(),
});

const ports = z.array(Port).max(32).exactOptional();
const peers = z.array(Peer).max(32).exactOptional();

/** `spec` of a NetworkPolicy. */
export const NetworkPolicyWrite = z.strictObject({
  podSelector: PodLabelSelector.default({}),
  policyTypes: z
    .array(z.enum(['Ingress', 'Egress']))
    .min(1)
    .max(2)
    .exactOptional(),
  ingress: z
    .array(z.strictObject({ from: peers, ports }))
    .max(16)
    .exactOptional(),
  egress: z
    .array(z.strictObject({ to: peers, ports }))
    .max(16)
    .exactOptional(),
});

/** The name of a NetworkPolicy; in the cluster `ambit-` stands before it. */
export const PolicyName = judged(
  (name) => {
    const problem = namespaceNameProblem(name);
    if (problem !== undefined) return `the name of a policy ${problem}`;
    return name.length > 50 ? 'at most 50 characters' : undefined;
  },
  { pattern: namePatterns.dnsLabel, maxLength: 50 },
);
