import { describe, expect, test } from '@jest/globals';
import { StoryPrinter, type StoryOutput } from './story-printer.ts';

function anOutput(more: Partial<StoryOutput> = {}): { output: StoryOutput; text: () => string } {
  const written: string[] = [];
  return { output: { write: (text) => written.push(text), ...more }, text: () => written.join('') };
}

describe('the printer of the story', () => {
  test('writes plain lines where nobody sits at a terminal', () => {
    const { output, text } = anOutput();
    const printer = new StoryPrinter(output, { color: true });
    printer.step('Start');
    printer.done('central');
    printer.warn('late');
    expect(text()).toBe('\n1. Start\n   ✓ central\n   ! late\n');
  });

  test('shows each phase of progress once, not every step of it, without a terminal', () => {
    const { output, text } = anOutput();
    const printer = new StoryPrinter(output, { color: false });
    for (const percent of [1, 2, 3]) printer.progress('download', `downloading ${percent} %`);
    printer.progress('build', 'building');
    expect(text()).toBe('     downloading 1 %\n     building\n');
  });

  test('replaces progress in place at a terminal and never wraps it', () => {
    const { output, text } = anOutput({ isTTY: true, columns: 20 });
    const printer = new StoryPrinter(output, { color: false });
    printer.progress('build', 'a line that is far too long');
    printer.line('done');
    expect(text()).toBe('\r\u001b[K     a line that is\r\u001b[Kdone\n');
  });

  test('uses no colour when asked not to', () => {
    const { output, text } = anOutput({ isTTY: true });
    new StoryPrinter(output, { color: false }).done('central');
    expect(text()).toBe('   ✓ central\n');
  });
});
