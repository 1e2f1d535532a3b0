// Keeps the ready file true: written when everything is in force, renewed when a part got another process or a platform
// changed, taken away when the fleet stops. A disk that takes no file is said once and tried again.
import type { NatsUsers } from '@relayfleet/jetstream/server-config.ts';
import type { ResourceReader } from '../state-resources.ts';
import type { LocalOptions } from './options.ts';
import type { Setup } from './parts.ts';
import { awaited } from './programmed.ts';
import { readyContent } from './ready-content.ts';
import { removeReadyFile, writeReadyFile, type ReadyFile } from './ready-file.ts';
import type { Supervisor } from './supervise/supervisor.ts';

export type ReadyPublisher = {
  /** Writes the file as things are. Rejects when the disk does not take it. */
  publish(): ReadyFile;
  /** Writes it again if something in it changed and everything is in force. */
  renew(): void;
  withdraw(): void;
};

export function createReadyPublisher(deps: {
  readonly setup: Setup;
  readonly users: NatsUsers;
  readonly options: LocalOptions;
  readonly reader: ResourceReader;
  readonly supervisor: Supervisor;
  readonly version: string;
  readonly now: () => number;
  /** Told when the disk does not take a renewed file. */
  readonly onProblem: (problem: string) => void;
}): ReadyPublisher {
  const { setup, users, options, reader, supervisor, version } = deps;
  const files = [options.state.readyFile, ...(options.readyFile === undefined ? [] : [options.readyFile])];
  let written = '';
  let failing = false;

  function compose(): ReadyFile {
    const writtenAt = new Date(deps.now()).toISOString();
    return readyContent({
      setup,
      users,
      version,
      resources: reader.resources(),
      pids: supervisor.readyPids(),
      writtenAt,
    });
  }

  function write(content: ReadyFile): ReadyFile {
    for (const file of files) writeReadyFile(file, content);
    written = withoutTime(content);
    return content;
  }

  return {
    publish: () => write(compose()),
    renew: () => {
      const content = compose();
      const whole = content.parts.length === supervisor.launched();
      const waitingFor = awaited(reader.resources(), setup.fleet.ref, setup.ports.nodes.length);
      if (!whole || waitingFor.length > 0 || withoutTime(content) === written) return;
      try {
        write(content);
        failing = false;
      } catch (error) {
        if (!failing)
          deps.onProblem(
            `the ready file cannot be renewed yet: ${error instanceof Error ? error.message : String(error)}`,
          );
        failing = true;
      }
    },
    withdraw: () => files.forEach(removeReadyFile),
  };
}

function withoutTime(content: ReadyFile): string {
  return JSON.stringify({ ...content, writtenAt: '' });
}
