import { compareText, hex, type Digests } from '@ambit/kernel';
import { normalizeRules } from '../evaluate/normalize-rules.ts';
import type { Ceiling } from './ceiling.ts';

/** The ceiling as JSON text, the same for ceilings that differ only in order or repetition. `parseCeiling` reads it. */
export function ceilingToJson(ceiling: Ceiling): string {
  const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort(compareText);
  return JSON.stringify({
    allowedClusterRoles: sorted(ceiling.allowedClusterRoles),
    customRoles: { rules: normalizeRules(ceiling.customRoles.rules) },
    clusterScope: ceiling.clusterScope,
    protectedNamespaces: sorted(ceiling.protectedNamespaces),
    subjectPrefixes: sorted(ceiling.subjectPrefixes),
    removalGuard: { share: ceiling.removalGuard.share, moreThan: ceiling.removalGuard.moreThan },
    breakGlass: sorted(ceiling.breakGlass),
    // Left out while it is empty, so that a ceiling from before has the digest it had.
    ...(ceiling.credentials.length > 0 && { credentials: sorted(ceiling.credentials) }),
    ...(ceiling.namespaces.manage.length > 0 && {
      namespaces: {
        manage: sorted(ceiling.namespaces.manage),
        labels: sorted(ceiling.namespaces.labels),
        weakestPodSecurity: ceiling.namespaces.weakestPodSecurity,
      },
    }),
  });
}

/** Lower-case hexadecimal SHA-256 of `ceilingToJson`. */
export function ceilingDigest(ceiling: Ceiling, digests: Digests): string {
  return hex(digests.sha256(digests.utf8(ceilingToJson(ceiling))));
}
