// One attack as a process of its own: `attacker.ts NAME MILLISECONDS`, its surroundings as JSON on standard input.
import { text } from 'node:stream/consumers';
import { attacks } from './attacks.ts';
import type { Surroundings } from './attack.ts';

process.on('uncaughtException', (error) => {
  if (!/^(E[A-Z]+|ERR_HTTP2_)/.test('code' in error ? String(error.code) : '')) throw error;
});
const [name = '', ms = '0'] = process.argv.slice(2);
const attack = attacks[name];
if (attack === undefined) throw new Error(`no attack ${name}`);
const given = JSON.parse(await text(process.stdin)) as Omit<Surroundings, 'until'>;
const attacked = await attack({ ...given, until: performance.now() + Number(ms) });
process.stdout.write(JSON.stringify(attacked), () => process.exit(0));
