import assert from 'node:assert/strict';
import { test } from 'node:test';
import { done, type Command } from './command.ts';
import { parseCall } from './parse-call.ts';

function command(name: string, flags: Command['flags'] = []): Command {
  return { name, summary: `Does ${name}.`, flags, examples: [], run: async () => done };
}

const commands = [
  command('status', [
    { name: 'output', short: 'o', value: 'FORMAT', choices: ['wide', 'json'], description: 'Format.' },
    { name: 'all-namespaces', short: 'A', description: 'All.' },
    { name: 'limit', value: 'N', whole: { least: 0, most: 16 }, description: 'Limit.' },
    { name: 'more', value: 'N', whole: { least: 1 }, description: 'More.' },
  ]),
  command('queue ls'),
  { ...command('queue show'), lacks: { state: 'mail changes its state' } },
  command('queue drop', [
    { name: 'state', value: 'STATE', choices: ['ready', 'dead'], many: true, description: 'State.' },
    { name: 'wait', on: true, description: 'Wait.' },
    { name: 'yes', short: 'y', description: 'Yes.' },
    { name: 'state-dir', value: 'DIR', description: 'Directory.' },
  ]),
];

test('flags are read in every spelling kubectl knows', () => {
  for (const argv of [
    ['-o', 'json', '-A'],
    ['-ojson', '-A'],
    ['--output=json', '--all-namespaces'],
    ['--output', 'json', '-A'],
  ]) {
    const reading = parseCall(['status', 'relaydomain', ...argv], commands);
    assert.equal(reading.kind, 'call', argv.join(' '));
    if (reading.kind !== 'call') continue;
    assert.deepEqual([reading.call.text('output'), reading.call.isSet('all-namespaces')], ['json', true]);
    assert.deepEqual(reading.call.args, ['relaydomain']);
  }
});

test('a command of two words is found by both', () => {
  const reading = parseCall(['queue', 'show', 'X'], commands);
  assert.equal(reading.kind === 'call' && reading.command.name, 'queue show');
  assert.deepEqual(reading.kind === 'call' && reading.call.args, ['X']);
});

test('a group alone, no command and --help all ask for help', () => {
  const namesIn = (argv: string[]): string[] | undefined => {
    const reading = parseCall(argv, commands);
    return reading.kind === 'help' ? reading.commands.map(({ name }) => name) : undefined;
  };
  assert.deepEqual(namesIn(['queue']), ['queue ls', 'queue show', 'queue drop']);
  assert.deepEqual(namesIn(['queue', '--help']), ['queue ls', 'queue show', 'queue drop']);
  assert.deepEqual(namesIn([]), ['status', 'queue ls', 'queue show', 'queue drop']);
  assert.deepEqual(namesIn(['help', 'status']), ['status']);
  assert.deepEqual(namesIn(['queue', 'ls', '-h']), ['queue ls']);
});

test('what is wrong is named, with what was probably meant', () => {
  const problem = (argv: string[]): string | undefined => {
    const reading = parseCall(argv, commands);
    return reading.kind === 'misuse' ? reading.problem : undefined;
  };
  assert.equal(problem(['statsu']), 'unknown command "statsu"; did you mean "status"?');
  assert.equal(problem(['queue', 'sho']), 'unknown command "queue sho"; did you mean "queue show"?');
  assert.equal(problem(['frobnicate']), 'unknown command "frobnicate"');
  assert.equal(problem(['status', '--ouput', 'json']), 'unknown flag --ouput; did you mean --output?');
  assert.equal(problem(['queue', 'show', '--state', 'x']), 'mail changes its state');
  assert.equal(problem(['status', '-o', 'xml']), '--output takes wide, json, not "xml"');
  assert.match(problem(['status', '-o']) ?? '', /argument missing/i);
  assert.match(problem(['status', '-x']) ?? '', /-x/);
});

test('what follows -- is no flag', () => {
  const reading = parseCall(['status', '--', '--ouput'], commands);
  assert.deepEqual(reading.kind === 'call' && reading.call.args, ['--ouput']);
});

test('a flag may be given several times where it says so, and each value is judged', () => {
  const reading = parseCall(['queue', 'drop', '--state', 'dead', '--state=ready'], commands);
  assert.deepEqual(reading.kind === 'call' && reading.call.texts('state'), ['dead', 'ready']);
  const none = parseCall(['queue', 'drop'], commands);
  assert.deepEqual(none.kind === 'call' && none.call.texts('state'), []);
  const wrong = parseCall(['queue', 'drop', '--state', 'dead', '--state', './x'], commands);
  assert.equal(wrong.kind === 'misuse' && wrong.problem, '--state takes ready, dead, not "./x"');
});

test('a number is digits, within its bounds', () => {
  const read = (...argv: readonly string[]) => {
    const reading = parseCall(['status', ...argv], commands);
    return reading.kind === 'call' ? reading.call : reading.kind === 'misuse' ? reading.problem : undefined;
  };
  const whole = (...argv: readonly string[]) => {
    const call = read(...argv);
    return typeof call === 'object' ? call.whole('limit') : call;
  };
  assert.deepEqual([whole('--limit', '0'), whole('--limit=16'), whole()], [0, 16, undefined]);
  for (const wrong of ['', '17', '1.5', '0x10', '1e1', 'abc', ' 1', '9'.repeat(20)])
    assert.equal(whole('--limit', wrong), `--limit takes a whole number, 0 to 16, not "${wrong}"`);
  assert.equal(read('--more', '0'), '--more takes a whole number, 1 or more, not "0"');
});

test('a switch is turned off as kubectl does it', () => {
  const isSet = (flag: string, ...argv: readonly string[]): boolean | undefined => {
    const reading = parseCall(['queue', 'drop', ...argv], commands);
    return reading.kind === 'call' ? reading.call.isSet(flag) : undefined;
  };
  assert.equal(isSet('wait'), true);
  assert.equal(isSet('wait', '--wait'), true);
  assert.equal(isSet('wait', '--wait=false'), false);
  assert.equal(isSet('yes'), false);
  assert.equal(isSet('yes', '--yes=true'), true);
  assert.equal(isSet('wait', '--wait=no'), undefined);
  assert.equal(isSet('wait', '--', '--wait=false'), true, 'what follows -- is no flag');
});

test('the beginning of a flag names the flag', () => {
  const reading = parseCall(['status', '--all', 'x'], commands);
  assert.equal(reading.kind === 'misuse' && reading.problem, 'unknown flag --all; did you mean --all-namespaces?');
});
