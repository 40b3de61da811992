import type { SettingsSchema } from './define-settings.ts';
import { settingsHelp } from './settings-reference.ts';
import type { Setting } from './setting.ts';

/** The part of a commander option that is used here. */
interface CommandOption {
  argParser(collect: (value: string, before: string[] | undefined) => string[]): this;
  hideHelp(): this;
}

/** The part of a commander command that options are added to. */
export interface OptionTarget<O extends CommandOption = CommandOption> {
  createOption(flags: string, description: string): O;
  addOption(option: O): unknown;
  addHelpText(position: 'after', text: () => string): unknown;
}

/** Flags as commander's `opts()` gives them: by camel-case name. */
export type Flags = Readonly<Record<string, unknown>>;

/**
 * Adds every setting that has a flag, and the list of all settings to the help. Each occurrence of a flag is kept, so
 * that `loadSettings` can refuse one that was given twice. With `told` the help names only those settings, for a command
 * that uses no others; it takes the flags of all, so that one set of arguments fits every command of a program.
 */
export function addSettings<O extends CommandOption>(
  command: OptionTarget<O>,
  schema: SettingsSchema,
  told?: readonly string[],
): void {
  const collect = (value: string, before: string[] | undefined): string[] => [
    ...(before ?? []),
    value,
  ];
  const add = (flags: string): void => {
    // The list says more than commander's own line could, and says it once.
    command.addOption(command.createOption(flags, '').argParser(collect).hideHelp());
  };
  for (const names of schema.names) {
    const one = schema.declared[names.key];
    if (one === undefined) continue;
    if (names.flag !== undefined) add(flagText(names.flag, one));
    if (names.flagFile !== undefined) add(`--${names.flagFile} <path>`);
  }
  if (schema.configFile) add('--config <path>');
  const names = schema.names.filter(({ key }) => told?.includes(key) ?? true);
  command.addHelpText('after', () => `\n${settingsHelp({ ...schema, names })}`);
}

function flagText(flag: string, one: Setting<unknown>): string {
  return one.kind === 'toggle' ? `--${flag} [true|false]` : `--${flag} <${one.placeholder}>`;
}
