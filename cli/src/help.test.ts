import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commands } from './commands.ts';
import { helpText } from './help.ts';
import { parseCall } from './parse-call.ts';

test('every command has examples that it understands itself', () => {
  for (const command of commands) {
    assert.ok(command.examples.length > 0, command.name);
    for (const { line } of command.examples) {
      const words = line
        .replace(/ >>? .*/, '')
        .split(' ')
        .slice(1);
      const reading = parseCall(words, commands);
      assert.equal(reading.kind, 'call', line);
      assert.equal(reading.kind === 'call' && reading.command.name, command.name, line);
    }
  }
});

test('help fits a terminal and names every flag', () => {
  for (const command of commands) {
    const text = helpText([command]);
    for (const line of text.split('\n')) assert.ok(line.length <= 120, line);
    for (const { name } of command.flags) assert.match(text, new RegExp(`--${name}\\b`), command.name);
  }
  for (const { name } of commands) assert.match(helpText(commands), new RegExp(`^  ${name}\\b`, 'm'));
});

test('flags have one meaning each', () => {
  for (const { name, flags } of commands) {
    const spellings = flags.flatMap((flag) => [flag.name, ...(flag.short === undefined ? [] : [flag.short])]);
    assert.deepEqual(spellings, [...new Set(spellings)], name);
  }
});
