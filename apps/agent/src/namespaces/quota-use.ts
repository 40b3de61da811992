const powers: Readonly<Record<string, number>> = {
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity of Kubernetes as a number; undefined when it is none that is known here. */
function amountOf(quantity: string): number | undefined {
  const [, number = '', unit = ''] = /^([0-9.]+)([a-zA-Z]*)$/.exec(quantity) ?? [];
  const power = powers[unit];
  return number === '' || power === undefined ? undefined : Number(number) * power;
}

/** What is used beyond a quota, as words: nothing of it is stopped, and nothing more is let in. */
export function usedBeyond(
  hard: Readonly<Record<string, string>>,
  used: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(hard).flatMap(([resource, most]) => {
    const [limit, now] = [amountOf(most), amountOf(used[resource] ?? '0')];
    if (limit === undefined || now === undefined || now <= limit) return [];
    return [`${resource}: ${used[resource]} of ${most}`];
  });
}
