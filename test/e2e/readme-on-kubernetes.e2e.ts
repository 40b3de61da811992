import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';
import { BareCluster } from '../support/bare-cluster.ts';
import { readmeCommands } from '../support/readme-commands.ts';

const real = (await kubernetesAtHand(devClusterSettings(process.env))) !== undefined;

/** Every command under "On Kubernetes", in order, by a shell. */
(real ? describe : describe.skip)('the README, on Kubernetes', () => {
  let bare: BareCluster;
  beforeAll(async () => {
    bare = await BareCluster.start();
    await bare.writeUrls();
  }, 900_000);
  afterAll(() => bare?.stop(), 60_000);

  const notes: string[] = [];
  /** What goes on after a command, which nobody does here. */
  const afterwards = async (command: string): Promise<void> => {
    if (command.startsWith('helm install ambit-central'))
      await bare.startCentral(await bare.release('ambit-central', 'ambit'));
    if (command.startsWith('helm install ambit-agent'))
      await bare.startAgent(await bare.release('ambit-agent', 'ambit-system'));
  };

  test('its commands install both charts, and the agent is connected', async () => {
    const commands = await readmeCommands('### On Kubernetes');
    expect(commands.filter((each) => each.startsWith('helm install'))).toHaveLength(2);
    let joinToken = '';
    for (const command of commands) {
      const here = command
        .replace('127.0.0.1:7080', `127.0.0.1:${bare.restPort}`)
        .replace('ambj_…', joinToken);
      const said = await bare.shell(here);
      expect([here, said.exitCode, said.exitCode === 0 ? '' : said.stderr]).toEqual([here, 0, '']);
      joinToken ||= /\bambj_\S+/.exec(said.stdout)?.[0] ?? '';
      if (command.startsWith('npx ambit cluster add'))
        expect(said.stdout).toContain('--server ambit-central-agents.ambit:7443 ');
      if (command.startsWith('helm')) notes.push(said.stdout);
      await afterwards(command);
    }
    await eventually(
      async () => {
        const { stdout } = await bare.shell('npx ambit cluster status prod');
        expect(stdout).toMatch(/connected/i);
      },
      { withinMs: 60_000, everyMs: 500, what: 'the agent being connected' },
    );
  }, 300_000);

  test('the notes of both say what the README goes on with', () => {
    const [central = '', agent = ''] = notes;
    expect(central).toContain('kubectl -n ambit rollout status deployment/ambit-central\n');
    expect(central).toContain('ambit-central token create --name ');
    expect(agent).toContain('kubectl -n ambit-system rollout status statefulset/ambit-agent\n');
    for (const text of notes) expect(text).toContain('helm test ');
  });

  test('what helm test would start is content', async () => {
    for (const [name, namespace] of [
      ['ambit-central', 'ambit'],
      ['ambit-agent', 'ambit-system'],
    ] as const) {
      const made = await bare.release(name, namespace);
      // As whoever runs it again: on a busy machine a program may not be ready for a moment.
      await eventually(async () => expect(await bare.runTest(made)).toMatch(/^ready$/m), {
        withinMs: 60_000,
        everyMs: 500,
        what: `what helm test says of ${name}`,
      });
    }
  }, 120_000);
});
