// What a local run prints: the start part by part, later each piece of news with its time of day. Wording only; whoever
// calls decides what is worth telling.
import type { PartEvent } from '../supervise/part.ts';

export type Story = {
  say(line: string): void;
  /** Something that happened while the fleet runs. */
  news(line: string): void;
  part(event: PartEvent, address: string): void;
};

export function createStory(out: (text: string) => void, now: () => number): Story {
  const say = (line: string): void => out(`${line}\n`);
  const news = (line: string): void => say(`${clock(now())}  ${line}`);
  return {
    say,
    news,
    part: (event, address) => {
      switch (event.kind) {
        case 'ready':
          if (event.first) say(startLine(event, address));
          else news(`${event.part} is back after ${event.ms} ms (process ${event.pid})`);
          break;
        case 'ended':
          news(`${event.part} ${event.how}; starting it again in ${event.retryInMs} ms`);
          break;
      }
    },
  };
}

function startLine({ part, ms, pid }: Extract<PartEvent, { kind: 'ready' }>, address: string): string {
  return `  ${part.padEnd(12)}${`${ms} ms`.padStart(8)}  ${address.padEnd(48)}process ${pid}`;
}

/** Time of day, hh:mm:ss. */
function clock(ms: number): string {
  return new Date(ms).toTimeString().slice(0, 8);
}
