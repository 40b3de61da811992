// `npm run hostile [-- [--smoke] [--seed N] [--attack TEXT] [FAMILY…]]`: attacks on real parts, counted per family. Exits 1 on
// an escape. With `--attack` a family whose attacks have names makes those that hold the text.
import { readCommand } from '../house/read-command.ts';
import { apiServerFamily } from './api-server.ts';
import { centralReplicas } from './central-replicas/central-replicas.ts';
import type { FamilyResult, HostileFamily, Scale } from './family.ts';
import { patchedAgent } from './patched-agent/patched-agent.ts';
import { replicas } from './replicas/replicas.ts';
import { rest } from './rest/rest.ts';
import { tokens } from './tokens/tokens.ts';
import { trail } from './trail/trail.ts';
import { wire } from './wire/wire.ts';

const families: Readonly<Record<string, HostileFamily>> = {
  apiserver: apiServerFamily,
  agent: patchedAgent,
  replicas,
  'central-replicas': centralReplicas,
  rest,
  tokens,
  trail,
  wire,
};

const usage = `usage: npm run hostile [-- [--smoke] [--seed N] [--attack TEXT] [FAMILY…]]
${Object.entries(families)
  .map(([name, { says }]) => `  ${name}: ${says}`)
  .join('\n')}`;
const { values, positionals } = readCommand(usage, {
  options: {
    smoke: { type: 'boolean' },
    seed: { type: 'string', default: '1' },
    attack: { type: 'string', default: '' },
  },
  allowPositionals: true,
});
const scale: Scale = values.smoke === true ? 'smoke' : 'full';

function report(name: string, { attacks, escapes, notes }: FamilyResult, seconds: string): void {
  console.log(`${name}: ${attacks} attacks, ${escapes.length} escapes (${seconds} s)`);
  for (const note of notes) console.log(`  ${note}`);
  for (const { attack, got } of escapes) console.log(`  ESCAPE ${attack}: ${got}`);
}

const unknown = positionals.filter((name) => !(name in families));
if (unknown.length > 0) {
  console.error(
    `There is no family ${unknown.join(', ')}; there are ${Object.keys(families).join(', ')}.`,
  );
  process.exit(2);
}
let attacks = 0;
let escapes = 0;
for (const [name, family] of Object.entries(families)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  if (positionals.length === 0 && scale === 'smoke' && family.takesLong === true) {
    console.log(`── ${name}: left out, it takes minutes; npm run hostile -- --smoke ${name}`);
    continue;
  }
  const began = performance.now();
  console.log(`── ${name}: ${family.says}`);
  const result = await family.run(scale, Number(values.seed), values.attack);
  report(name, result, ((performance.now() - began) / 1_000).toFixed(1));
  attacks += result.attacks;
  escapes += result.escapes.length;
}
console.log(`${attacks} attacks, ${escapes} escapes`);
process.exitCode = escapes === 0 ? 0 : 1;
