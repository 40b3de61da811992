import type { Intent } from '@ambit/rbac';

/** Those of `more` under keys that are free: what was held before stays held beside what is held now. */
export function underFreeKeys(more: readonly Intent[], known: readonly Intent[]): Intent[] {
  const taken = new Set(known.map(({ key }) => key));
  return more.map((intent) => {
    let { key } = intent;
    while (taken.has(key) && intent.section === 'BINDING') key += '+';
    taken.add(key);
    return { ...intent, key };
  });
}
