import { parseArgs, type ParseArgsConfig } from 'node:util';

type Read<Config extends ParseArgsConfig> = ReturnType<typeof parseArgs<Config>>;

/** What a command of the house was called with. Ends the program after `--help` (0), and with one sentence and the usage after a wrong option (2). */
export function readCommand<const Config extends ParseArgsConfig>(
  usage: string,
  config: Config,
): Read<Config> {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    console.error(`${(error as Error).message.split('. To specify')[0]}\n${usage}`);
    process.exit(2);
  }
}
