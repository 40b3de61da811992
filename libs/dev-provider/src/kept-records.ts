import type { Adapter, AdapterPayload } from 'oidc-provider';

type Kept = Map<string, AdapterPayload>;

/** Keeps what a provider keeps in this process, as long as it runs; times are looked at by the provider itself. */
export function keptRecords(): (model: string) => Adapter {
  const models = new Map<string, Kept>();
  return (model) => {
    const kept = models.get(model) ?? new Map<string, AdapterPayload>();
    models.set(model, kept);
    return {
      upsert: async (id, payload) => void kept.set(id, payload),
      find: async (id) => kept.get(id),
      findByUid: async (uid) => [...kept.values()].find((payload) => payload.uid === uid),
      findByUserCode: async () => undefined,
      consume: async (id) => {
        const payload = kept.get(id);
        if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
      },
      destroy: async (id) => void kept.delete(id),
      revokeByGrantId: async (grantId) => {
        for (const [id, payload] of kept) if (payload.grantId === grantId) kept.delete(id);
      },
    };
  };
}
