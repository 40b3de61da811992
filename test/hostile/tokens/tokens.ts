import type { Escape, FamilyResult, HostileFamily, Scale } from '../family.ts';
import { TokenDice, type TokenTarget } from './token-dice.ts';
import { TokenForge } from './token-forge.ts';
import { exchangeTarget, webhookTarget } from './token-targets.ts';

/** Of all targets together. */
const seconds: Readonly<Record<Scale, number>> = { smoke: 60, full: 600 };
/** Between two looks at the clock, which are also turns for others. */
const inARow = 200;
const mostTold = 20;

/** Forged and damaged tokens against the very functions that judge them, one after the other for a fixed time. */
export const tokens: HostileFamily = {
  says: 'forged and damaged tokens at the webhook of the agent and at the exchange of central, in process',
  run: async (scale, seed, attack) => {
    const now = Date.now();
    const targets = [webhookTarget(now), exchangeTarget(now)].filter(({ name }) =>
      name.includes(attack),
    );
    const each = (seconds[scale] * 1_000) / Math.max(targets.length, 1);
    const results: FamilyResult[] = [];
    for (const target of targets) results.push(await attackTokens(target, seed, { forMs: each }));
    return {
      attacks: results.reduce((sum, result) => sum + result.attacks, 0),
      escapes: results.flatMap(({ escapes }) => escapes),
      notes: results.flatMap(({ notes }) => notes),
    };
  },
};

/** Attacks one target for so long, or so often. Throws when it refuses the token that lets in: then nothing would be found. */
export async function attackTokens(
  target: TokenTarget,
  seed: number,
  until: { readonly forMs: number } | { readonly times: number },
): Promise<FamilyResult> {
  const good = target.trusted.token(target.claims);
  if (!(await target.accepts(good))) throw new Error(`${target.name} refuses a good token`);
  const dice = new TokenDice(seed, target, new TokenForge('key-1'));
  const counts = new Map<string, number>();
  const escapes: Escape[] = [];
  const began = performance.now();
  let attacks = 0;
  const over = (): boolean =>
    'times' in until ? attacks >= until.times : performance.now() - began >= until.forMs;
  while (!over()) {
    for (let at = 0; at < inARow; at++) {
      const { kind, token } = dice.roll(good);
      if (target.sameToken(token, good)) continue;
      attacks++;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const got = await outcome(target, token);
      if (got !== undefined && escapes.length < mostTold)
        escapes.push({ attack: `${target.name}, seed ${seed}, ${kind}: ${shown(token)}`, got });
    }
  }
  const parts = Array.from(counts, ([kind, count]) => `${kind} ${count}`).join(', ');
  return { attacks, escapes, notes: [`${target.name}: ${attacks} tokens, ${parts}`] };
}

async function outcome(target: TokenTarget, token: string): Promise<string | undefined> {
  try {
    return (await target.accepts(token)) ? 'accepted' : undefined;
  } catch (error) {
    return `threw ${String(error)}`;
  }
}

const shown = (token: string): string =>
  token.length > 2_000 ? `${token.slice(0, 200)}… of ${token.length}` : JSON.stringify(token);
