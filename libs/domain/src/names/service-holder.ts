import type { PolicyUser } from '../policy-objects.ts';

/** No name of a person has a colon, so none of them is the name of a service identity too. */
const prefix = 'service:';

/** What a service identity is called where people are called by their names, also in clusters: `service:deploy`. */
export const holderOfService = (service: string): string => `${prefix}${service}`;

/** The service identity that is called so; undefined for a person. */
export const serviceOfHolder = (holder: string): string | undefined =>
  holder.startsWith(prefix) ? holder.slice(prefix.length) : undefined;

/** The holder as people read it: `alice`, `service/deploy`. */
export function holderText(holder: string): string {
  const service = serviceOfHolder(holder);
  return service === undefined ? holder : `service/${service}`;
}

/** A service identity to the compiler: it holds grants as a person does, is in no group, and is never locked. */
export function serviceHolder({
  uid,
  name,
  labels,
}: Pick<PolicyUser, 'uid' | 'name' | 'labels'>): PolicyUser {
  return { kind: 'User', uid, name: holderOfService(name), labels, active: true };
}
