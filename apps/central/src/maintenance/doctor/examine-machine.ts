import { statfs } from 'node:fs/promises';
import { reachableText } from '@ambit/config';
import type { CentralSettings } from '../../config.ts';
import { look, well, wrong } from './diagnosis.ts';
import type { Diagnosis } from './diagnosis.ts';

const gibibyte = 1024 ** 3;

/** Room on the disk, and whether central serves here. */
export async function examineMachine(settings: CentralSettings): Promise<Diagnosis[]> {
  return [await examineDisk(settings.dataDir), ...(await examineHealth(settings))];
}

async function examineDisk(folder: string): Promise<Diagnosis> {
  const facts = await statfs(folder).catch(() => undefined);
  if (facts === undefined) {
    return look(
      `there is no folder ${folder}, or it cannot be looked into: central never ran here, or as somebody else`,
      'start ambit-central here once, or name its folder with --data-dir',
    );
  }
  const { bavail, bsize, blocks } = facts;
  const [free, all] = [bavail * bsize, blocks * bsize];
  const text = `${(free / gibibyte).toFixed(1)} of ${(all / gibibyte).toFixed(1)} GiB are free below ${folder}`;
  if (free < 0.1 * gibibyte)
    return wrong(text, 'free space on that volume: on a full disk no change is taken');
  return free < gibibyte ? look(text, 'free space on that volume') : well(text);
}

async function examineHealth({ healthListen }: CentralSettings): Promise<Diagnosis[]> {
  const at = reachableText(healthListen);
  try {
    const answer = await fetch(`http://${at}/readyz?verbose`, {
      signal: AbortSignal.timeout(5_000),
    });
    const text = (await answer.text()).slice(0, 2_000).trim();
    if (!answer.ok)
      return [wrong(`central is not ready: ${text.replaceAll('\n', '; ')}`, 'look at its log')];
    return [well(`central serves on this machine, health at ${at}`), ...examineRedis(text)];
  } catch {
    return [
      look(
        `nobody answers at ${at}, where the settings say that health is served`,
        'start ambit-central here, or ask on the machine where it runs',
      ),
    ];
  }
}

/** Central is ready without it, and says so in one line. */
function examineRedis(readiness: string): Diagnosis[] {
  const [, away] = /^\[\+\] redis: (away.*)$/m.exec(readiness) ?? [];
  return away === undefined
    ? []
    : [look(`Redis is ${away}`, 'start it, or look at AMBIT_REDIS_URL')];
}
