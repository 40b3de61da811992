import { expect, test } from '@jest/globals';
import { addSettings } from './command-options.ts';
import { defineSettings } from './define-settings.ts';
import { dataFolder, secret, toggle, wholeNumber } from './setting-kinds.ts';
import { settingsHelp, settingsPage } from './settings-reference.ts';

const schema = defineSettings('ambit-agent', {
  dataDir: dataFolder('Where state is kept.'),
  depthLimit: wholeNumber({ describe: 'Depth.', min: 1, max: 9, env: 'DEPTH', default: '3' }),
  quiet: toggle({ describe: 'Say less.' }),
  joinToken: secret({ describe: 'Token.', flag: 'join-token', required: true }),
  databaseUrl: secret({ describe: 'Database.' }),
});

test('every setting stands in help and page with flag, variable, default and meaning', () => {
  const help = settingsHelp(schema);
  const page = settingsPage(schema);
  for (const names of schema.names) {
    const facts = [names.flag, names.flagFile, names.env, names.envFile, names.key];
    for (const fact of facts.filter((one) => one !== undefined)) {
      expect(help).toContain(fact);
      expect(page).toContain(fact);
    }
    const describe = schema.declared[names.key as 'quiet'].options.describe;
    expect(help).toContain(describe);
    expect(page).toContain(describe);
  }
  expect(help).toContain('Default: /var/lib/ambit as root');
  expect(page).toContain('| `depthLimit` | `--depth-limit` | `DEPTH` | `3` | Depth. |');
  expect(page).toContain('*required*');
});

test('commander gets an option for every flag, keeps each occurrence, and lists the settings once', () => {
  const options: FakeOption[] = [];
  let after = '';
  addSettings<FakeOption>(
    {
      createOption: (flags) => new FakeOption(flags),
      addOption: (option) => options.push(option),
      addHelpText: (_, text) => (after = text()),
    },
    schema,
  );
  expect(options.map(({ flags }) => flags)).toEqual([
    '--data-dir <path>',
    '--depth-limit <number>',
    '--quiet [true|false]',
    '--join-token <secret>',
    '--join-token-file <path>',
    '--database-url-file <path>',
    '--config <path>',
  ]);
  expect(options.every(({ hidden }) => hidden)).toBe(true);
  expect(after.trim()).toBe(settingsHelp(schema));
  const [{ collect } = new FakeOption('')] = options;
  expect(collect('b', collect('a', undefined))).toEqual(['a', 'b']);
});

test('a command that uses some settings takes all flags and tells of those alone', () => {
  const options: FakeOption[] = [];
  let after = '';
  addSettings<FakeOption>(
    {
      createOption: (flags) => new FakeOption(flags),
      addOption: (option) => options.push(option),
      addHelpText: (_, text) => (after = text()),
    },
    schema,
    ['dataDir'],
  );
  expect(options).toHaveLength(7);
  expect(after).toContain('--data-dir');
  expect(after).not.toMatch(/--quiet|--join-token|--depth-limit/);
});

class FakeOption {
  readonly flags: string;
  hidden = false;
  collect: (value: string, before: string[] | undefined) => string[] = () => [];

  constructor(flags: string) {
    this.flags = flags;
  }

  argParser(collect: FakeOption['collect']): this {
    this.collect = collect;
    return this;
  }

  hideHelp(): this {
    this.hidden = true;
    return this;
  }
}
