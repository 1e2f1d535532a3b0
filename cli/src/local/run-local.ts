// `relayfleet local`, top to bottom: prepare, start the parts in order, wait until the manifests are in force, write the
// ready file, send the demonstration mail, say what to copy, then tell what happens until somebody stops it.
import { setTimeout as sleep } from 'node:timers/promises';
import { done, failed, type Outcome } from '../command.ts';
import { defaultState } from '../state-directory.ts';
import { createResourceReader, type ResourceReader } from '../state-resources.ts';
import { demonstrate, type DemonstrationResult } from './demonstration.ts';
import type { LocalDeps, LocalOptions } from './options.ts';
import { addressOf, type Setup } from './parts.ts';
import { prepare, prepareState, type Prepared } from './prepare.ts';
import { inForceWords } from './programmed.ts';
import { readCa, type ReadyFile } from './ready-file.ts';
import { createReadyPublisher, type ReadyPublisher } from './ready-publisher.ts';
import { startParts } from './start-parts.ts';
import { copyBlock } from './story/copy-block.ts';
import { meanwhile } from './story/meanwhile.ts';
import { createNewsDesk } from './story/news-desk.ts';
import { createStory, type Story } from './story/story.ts';
import { startGuard, type Guard } from './supervise/guard.ts';
import { takeLock, type Lock } from './supervise/lock.ts';
import { createSupervisor, type Supervisor } from './supervise/supervisor.ts';
import type { Waited } from './wait.ts';

export async function runLocal(options: LocalOptions, deps: LocalDeps): Promise<Outcome> {
  const { state } = options;
  const story = createStory(deps.terminal.out, deps.now);
  const unusable = prepareState(state);
  if (unusable !== undefined) return failed(unusable);
  const guard = startGuard();
  const lock = await takeLock(state.lock, guard.pid, () =>
    story.say('The last run was killed; its parts are being stopped first.'),
  );
  if (!lock.taken) return failed(lock.problem);
  try {
    story.say(`relayfleet ${deps.version} on this machine`);
    story.say(`  manifests  ${options.manifests}`);
    story.say(`  state      ${state.root}\n`);
    const natsServer = await deps.obtainNatsServer((line) => story.say(`  ${line}`), deps.stop);
    const prepared = await prepare(options, deps.home, natsServer);
    return typeof prepared === 'string'
      ? failed(prepared)
      : await runFleet(prepared, options, deps, { story, guard, lock });
  } catch (error) {
    if (deps.stop.aborted) return options.once ? failed('stopped before the demonstration mail arrived') : done;
    throw error;
  } finally {
    lock.release();
  }
}

/** What the steps below work with. */
type Run = {
  readonly options: LocalOptions;
  readonly deps: LocalDeps;
  readonly story: Story;
  readonly setup: Setup;
  readonly reader: ResourceReader;
  readonly supervisor: Supervisor;
  readonly publisher: ReadyPublisher;
  /** Parts in the order in which they became of use. */
  readonly readied: readonly string[];
};

async function runFleet(
  { setup, users, evasions }: Prepared,
  options: LocalOptions,
  deps: LocalDeps,
  { story, guard, lock }: { readonly story: Story; readonly guard: Guard; readonly lock: Lock & { taken: true } },
): Promise<Outcome> {
  if (evasions.length > 0)
    story.say(`  Ports that are taken, and what is used instead:\n    ${evasions.join('\n    ')}\n`);
  const reader = createResourceReader(options.state.operator);
  const readied: string[] = [];
  const supervisor = createSupervisor({
    guard,
    onEvent: (event) => {
      story.part(event, addressOf(setup, event.part));
      if (event.kind !== 'ready') return;
      readied.push(event.part);
      lock.note(supervisor.readyPids());
    },
  });
  deps.force.addEventListener('abort', () => supervisor.kill(), { once: true });
  const publisher = createReadyPublisher({ ...deps, setup, users, options, reader, supervisor, onProblem: story.news });
  publisher.withdraw();
  try {
    return await liveThrough({ options, deps, story, setup, reader, supervisor, publisher, readied });
  } finally {
    publisher.withdraw();
    if (!deps.stop.aborted) story.say('\nStopping.');
    await supervisor.stop();
    story.say(`Stopped. What was queued stays in ${options.state.root} and goes on at the next start.`);
  }
}

async function liveThrough(run: Run): Promise<Outcome> {
  const { options, deps, story, setup, reader, supervisor, publisher } = run;
  const started = await startParts(setup, supervisor, reader, {
    signal: deps.stop,
    onSlow: (missing) => story.say(['  Waiting for', ...missing].join('\n    ')),
    patienceMs: options.once ? startPatienceMs : undefined,
    now: deps.now,
  });
  if (started.kind !== 'done') return unfinished(started, options);
  for (const resource of reader.resources()) story.say(`  ${inForceWords(resource)}`);
  for (const words of reader.refused()) story.say(`  Refused: ${words}`);
  const ready = publisher.publish();
  const renewal = setInterval(publisher.renew, lookEveryMs);
  try {
    const result = options.receiver ? await demonstrateOn(ready, run) : undefined;
    const problem = result?.ok === false ? `the demonstration mail failed: ${result.problem}` : undefined;
    if (options.once) return problem === undefined ? done : failed(problem);
    if (problem !== undefined) story.say(`  ${problem}`);
    story.say(`\n${copyBlock(ready)}`);
    if (options.receiver)
      story.say(meanwhile({ ...deps, ...deps.terminal, state: options.state.root, usualState: defaultState }));
    story.say(`Edit a manifest in ${options.manifests} and watch. Ctrl-C stops everything.`);
    await tellNews(ready, run);
    return done;
  } finally {
    clearInterval(renewal);
  }
}

async function demonstrateOn(ready: ReadyFile, { deps, story, readied }: Run): Promise<DemonstrationResult> {
  story.say('');
  // The node that was ready last asks the queue last, so that another one usually delivers what it accepts.
  const node = readied.findLast((part) => ready.listeners.some((listener) => listener.node === part));
  return demonstrate(ready, {
    node,
    submit: deps.submit,
    ca: readCa(ready),
    say: story.say,
    signal: deps.stop,
    now: deps.now,
  });
}

/** Until somebody stops it. */
async function tellNews(ready: ReadyFile, { deps, story, setup, reader }: Run): Promise<void> {
  const logs = new Map(ready.parts.map(({ name, log }) => [name, log]));
  const desk = createNewsDesk({ reader, logs, fleet: setup.fleet, now: deps.now });
  while (!deps.stop.aborted) {
    desk.look().forEach(story.news);
    await sleep(lookEveryMs, undefined, { signal: deps.stop }).catch(() => undefined);
  }
}

const startPatienceMs = 60_000;
const lookEveryMs = 250;

function unfinished(waited: Exclude<Waited, { kind: 'done' }>, { once }: LocalOptions): Outcome {
  if (waited.kind === 'tired')
    return failed(`not in force after ${startPatienceMs / 1000} s:\n  ${waited.missing.join('\n  ')}`);
  return once ? failed('stopped before the demonstration mail was sent') : done;
}
